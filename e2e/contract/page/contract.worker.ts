/**
 * One decoder in a worker of its own, driven from outside: the contract's
 * checks, and forward passes whose numbers are compared with other engines'.
 */
import type { MLCEngine } from "@mlc-ai/web-llm";
import * as Comlink from "comlink";
import { row, type Tensor } from "../../../probes/tensor.ts";
import type { Trace } from "../../../probes/trace.ts";
import { run } from "../../../workers/decoding/run.ts";
import { type CheckOptions, decoderChecks } from "../../../workers/decoder-checks.test-support.ts";
import { editChecks } from "../../../workers/edit-checks.test-support.ts";
import type { Decoder, LoadReport, ModelRequest, RunRequest } from "../../../workers/engine.ts";
import { setPageBase } from "../../../workers/page.ts";

export type EngineName = "transformers" | "webllm";

/** Numbers of forward passes, one after the other on an empty cache, put together. */
export interface Passes {
  /** [T, V] */
  readonly logits: Tensor;
  /** [T, L+1, D] */
  readonly residPost: Tensor;
  /** [T, D] */
  readonly finalNorm: Tensor;
}

/** A greedy continuation. */
export interface Greedy {
  /** Tokens of the run itself: those that thinking and the answer produced. */
  readonly run: readonly number[];
  /** Likeliest token of each step after it, [steps]. */
  readonly tokens: readonly number[];
  /** Logit of the likeliest token minus that of the next, [steps]. */
  readonly gaps: readonly number[];
}

/** What the model says of tokens that follow latent steps, by WebLLM's own calls and by ours; logits of the last position of each piece. */
export interface Continuations {
  readonly webllm: readonly (readonly number[])[];
  readonly decoder: readonly (readonly number[])[];
  /** Positions in the cache behind WebLLM's pieces. */
  readonly length: number;
  /** What the decoder says of one token more, behind WebLLM's pieces and behind its own. */
  readonly behind: readonly (readonly number[])[];
}

let decoder: Decoder | null = null;
/** WebLLM's engine, and the logits that it last gave to its LogitProcessor. */
let mlcEngine: MLCEngine | null = null;
let official: readonly number[] = [];
const { signal } = new AbortController();

function loaded(): Decoder {
  if (!decoder) throw new Error("contract: expected a loaded model, got none; call load first");
  return decoder;
}

async function loader(engine: EngineName) {
  if (engine === "transformers") return (await import("../../../workers/transformers/decoder.ts")).loadTransformers;
  await watchWebllm();
  return (await import("../../../workers/webllm/load.ts")).loadWebllm;
}

/** Keeps hold of the engine that is loaded: decoders do not show it. */
async function watchWebllm(): Promise<void> {
  const { MLCEngine: Loaded } = await import("@mlc-ai/web-llm");
  // Called on the engine itself, below.
  // oxlint-disable-next-line typescript/unbound-method
  const { reload } = Loaded.prototype;
  Loaded.prototype.reload = function (this: MLCEngine, ...args) {
    // oxlint-disable-next-line typescript/no-this-alias
    mlcEngine = this;
    const { logitProcessorRegistry: registry } = this as unknown as { logitProcessorRegistry: Map<string, { processLogits(logits: Float32Array): Float32Array }> };
    for (const processor of registry.values()) {
      const inner = processor.processLogits;
      processor.processLogits = (logits) => {
        official = [...logits];
        return inner(logits);
      };
    }
    return reload.apply(this, args);
  };
}

/** The two likeliest tokens' places and distance. */
function best(logits: Float32Array): { readonly token: number; readonly gap: number } {
  let [token, first, second] = [-1, -Infinity, -Infinity];
  logits.forEach((logit, i) => {
    if (logit > first) [token, first, second] = [i, logit, first];
    else if (logit > second) second = logit;
  });
  return { token, gap: first - second };
}

function joined(parts: readonly Tensor[]): Tensor {
  const [, ...inner] = parts[0]!.shape;
  const data = new Float32Array(parts.reduce((n, part) => n + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { shape: [parts.reduce((n, part) => n + part.shape[0]!, 0), ...inner], data };
}

const lastRow = ({ data, shape: [, width = 0] }: Tensor): Float32Array<ArrayBuffer> => data.slice(-width);

const contract = {
  async load(engine: EngineName, { route, ...model }: ModelRequest & { readonly route?: "instrument" | "webgpu" }, base: string): Promise<LoadReport> {
    setPageBase(base);
    const load = await loader(engine);
    const made = await load(model, () => undefined, signal, route ? { routes: [route] } : {});
    decoder = made.decoder;
    return made.report;
  },

  /** What each check said; null where it held. */
  async checks(list: "decoder" | "edits", options: CheckOptions): Promise<(readonly [name: string, error: string | null])[]> {
    const results: [string, string | null][] = [];
    for (const check of list === "edits" ? editChecks : decoderChecks) {
      try {
        await loaded().rewind(0);
        await check.run(loaded(), options);
        results.push([check.name, null]);
      } catch (error) {
        results.push([check.name, String(error)]);
      }
    }
    return results;
  },

  /** Each piece is one forward pass. */
  async forward(pieces: readonly (readonly number[])[]): Promise<Passes> {
    await loaded().rewind(0);
    const logits: Tensor[] = [];
    const residPost: Tensor[] = [];
    const finalNorm: Tensor[] = [];
    for (const piece of pieces) {
      const pass = await loaded().forward(piece, { capture: true });
      logits.push(pass.logits);
      residPost.push(pass.residPost!);
      finalNorm.push(pass.finalNorm);
    }
    return { logits: joined(logits), residPost: joined(residPost), finalNorm: joined(finalNorm) };
  },

  trace(request: RunRequest): Promise<Trace> {
    return run(loaded(), request, () => undefined, signal);
  },

  /**
   * Answers a request, then goes on greedily past the answer.
   *
   * @param forced  tokens to feed in place of its own, which are only told
   */
  async greedy(request: RunRequest, steps: number, forced: readonly number[] | null): Promise<Greedy> {
    const model = loaded();
    const trace = await run(model, request, () => undefined, signal);
    const thinking = trace.steps.flatMap((step) => (step.phase === "thought" && step.token !== null ? [step.token] : []));
    const tokens: number[] = [];
    const gaps: number[] = [];
    // The answer's last token was told and not fed.
    let next = trace.answer.tokens.at(-1) ?? 0;
    const room = Math.min(steps, model.spec.contextLength - model.length);
    for (let i = 0; i < room; i++) {
      const { logits } = await model.forward([next]);
      const { token, gap } = best(row(logits, 0));
      tokens.push(token);
      gaps.push(gap);
      next = forced?.[i] ?? token;
    }
    return { run: [...thinking, ...trace.answer.tokens], tokens, gaps };
  },

  /**
   * A prompt and latent steps, the last of which is rewound; then tokens, in
   * pieces, through WebLLM's own `forwardTokensAndSample`, and the same through
   * the decoder.
   */
  async continued(prompt: readonly number[], thoughts: number, pieces: readonly (readonly number[])[], next: number): Promise<Continuations> {
    const model = loaded();
    const webllm = mlcEngine;
    if (!webllm) throw new Error("contract: expected WebLLM to be loaded");
    const think = async (): Promise<void> => {
      await model.rewind(0);
      let { finalNorm } = await model.forward(prompt);
      for (let i = 0; i <= thoughts; i++) ({ finalNorm } = await model.forward({ shape: [1, model.spec.hiddenSize], data: lastRow(finalNorm) }));
      await model.rewind(prompt.length + thoughts);
    };
    const said = { webllm: [] as (readonly number[])[], decoder: [] as (readonly number[])[], behind: [] as (readonly number[])[] };
    await think();
    for (const piece of pieces) {
      await webllm.forwardTokensAndSample([...piece], piece.length > 1);
      said.webllm.push(official);
    }
    const { length } = model;
    said.behind.push([...lastRow((await model.forward([next])).logits)]);
    await think();
    for (const piece of pieces) said.decoder.push([...lastRow((await model.forward(piece)).logits)]);
    said.behind.push([...lastRow((await model.forward([next])).logits)]);
    return { ...said, length };
  },
};

export type ContractWorker = typeof contract;

Comlink.expose(contract);
