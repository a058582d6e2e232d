/**
 * One decoder in a worker of its own, driven from outside: the contract's
 * checks, and forward passes whose numbers are compared with other engines'.
 */
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

let decoder: Decoder | null = null;
const { signal } = new AbortController();

function loaded(): Decoder {
  if (!decoder) throw new Error("contract: expected a loaded model, got none; call load first");
  return decoder;
}

async function loader(engine: EngineName) {
  if (engine === "transformers") return (await import("../../../workers/transformers/decoder.ts")).loadTransformers;
  return (await import("../../../workers/webllm/load.ts")).loadWebllm;
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
};

export type ContractWorker = typeof contract;

Comlink.expose(contract);
