/**
 * Decoders inside a browser, without the app around them. Node calls these
 * functions by `page.evaluate`, so they take and give plain data.
 */
import * as Comlink from "comlink";
import type { Tensor } from "../../../probes/tensor.ts";
import type { Trace } from "../../../probes/trace.ts";
import type { CheckOptions } from "../../../workers/decoder-checks.test-support.ts";
import type { LoadReport, ModelRequest, RunRequest } from "../../../workers/engine.ts";
import type { ContractWorker, Continuations, EngineName, Greedy } from "./contract.worker.ts";

/** A tensor as Playwright carries it. */
export interface PlainTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface PlainPasses {
  readonly logits: PlainTensor;
  readonly residPost: PlainTensor;
  readonly finalNorm: PlainTensor;
}

/** A model that is shipped with the page, or the one in the page's file field. */
export interface AskedModel {
  readonly source: "embedded" | "folder";
  readonly id: string;
  readonly device: ModelRequest["device"];
  readonly dtype: string;
  /** WebLLM: the one way in which hidden states may be read; left out, whichever works. */
  readonly route?: "instrument" | "webgpu";
}

export interface Contract {
  /** Loads a model in a worker of its own. Any earlier one under this name ends. */
  open(name: string, engine: EngineName, model: AskedModel): Promise<LoadReport>;
  close(name: string): void;
  checks(name: string, list: "decoder" | "edits", options: CheckOptions): Promise<(readonly [name: string, error: string | null])[]>;
  forward(name: string, pieces: readonly (readonly number[])[]): Promise<PlainPasses>;
  /** A run that keeps no hidden states. */
  trace(name: string, request: RunRequest): Promise<Pick<Trace, "steps" | "answer" | "branch">>;
  /** Hidden states of a run, as in `Activation`. */
  hiddenStates(name: string, request: RunRequest): Promise<Pick<PlainPasses, "residPost" | "finalNorm">>;
  greedy(name: string, request: RunRequest, steps: number, forced: readonly number[] | null): Promise<Greedy>;
  /** WebLLM's own generation behind latent steps, and the decoder's. */
  continued(name: string, prompt: readonly number[], thoughts: number, pieces: readonly (readonly number[])[], next: number): Promise<Continuations>;
}

declare global {
  // A property of globalThis has to be declared by `var`.
  var contract: Contract;
}

const workers = new Map<string, { readonly worker: Worker; readonly remote: Comlink.Remote<ContractWorker> }>();

function remote(name: string): Comlink.Remote<ContractWorker> {
  const found = workers.get(name);
  if (!found) throw new Error(`contract: expected an open decoder ${name}, got none; open it first`);
  return found.remote;
}

const plain = ({ shape, data }: Tensor): PlainTensor => ({ shape, data: [...data] });

/** The files that the test put into the field, as if the folder had been dropped. */
function dropped(): ReadonlyMap<string, File> {
  const field = document.querySelector<HTMLInputElement>("#folder");
  return new Map([...(field?.files ?? [])].map((file) => [file.webkitRelativePath, file]));
}

globalThis.contract = {
  async open(name, engine, model) {
    contract.close(name);
    const worker = new Worker(new URL("./contract.worker.ts", import.meta.url), { type: "module" });
    const broken = new Promise<never>((_, fail) => worker.addEventListener("error", (event) => fail(new Error(`contract: the worker ended: ${event.message}`))));
    const wrapped = Comlink.wrap<ContractWorker>(worker);
    workers.set(name, { worker, remote: wrapped });
    const request = model.source === "folder" ? { ...model, files: dropped() } : model;
    return Promise.race([wrapped.load(engine, request, document.baseURI), broken]);
  },

  close(name) {
    workers.get(name)?.worker.terminate();
    workers.delete(name);
  },

  checks: (name, list, options) => remote(name).checks(list, options),

  async forward(name, pieces) {
    const { logits, residPost, finalNorm } = await remote(name).forward(pieces);
    return { logits: plain(logits), residPost: plain(residPost), finalNorm: plain(finalNorm) };
  },

  async trace(name, request) {
    const { steps, answer, branch = null } = await remote(name).trace({ ...request, capture: false });
    return { steps, answer, branch };
  },

  async hiddenStates(name, request) {
    const { activations } = await remote(name).trace(request);
    return { residPost: plain(activations.residPost), finalNorm: plain(activations.finalNorm) };
  },

  greedy: (name, request, steps, forced) => remote(name).greedy(request, steps, forced),

  continued: (name, prompt, thoughts, pieces, next) => remote(name).continued(prompt, thoughts, pieces, next),
};
document.documentElement.dataset["ready"] = "";
