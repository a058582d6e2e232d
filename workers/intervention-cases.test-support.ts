/**
 * Every kind of intervention, on one question to the embedded model, as plain
 * requests: the reference answers them in Node, each engine wherever it runs, and
 * the two are compared number by number. Vectors are the reference's own, so that
 * both sides are handed the same ones.
 */
import type { Intervention } from "../probes/intervention.ts";
import { task as taskOf } from "../probes/tasks/index.ts";
import { row } from "../probes/tensor.ts";
import type { DecodingMode, Trace } from "../probes/trace.ts";
import { requestFor } from "./decoding/request.ts";
import { run } from "./decoding/run.ts";
import type { Decoder, RunRequest } from "./engine.ts";

export interface InterventionCase {
  readonly name: string;
  readonly request: RunRequest;
  /** The reference's answer to it, and to the same without interventions. */
  readonly want: Trace;
  readonly plain: Trace;
}

const task = taskOf("pointer-chase");
const going = new AbortController().signal;
/** Two questions of three hops. */
const [own, other] = [5, 6] as const;

function requestOf(mode: DecodingMode, seed: number): RunRequest {
  return requestFor(task, task.draw(seed, { difficulty: 3, shots: 3, variant: null }), mode, { shots: 3 });
}

function promptOf(trace: Trace): number {
  return trace.steps.filter(({ phase }) => phase === "prompt").length;
}

export async function interventionCases(reference: Decoder): Promise<InterventionCase[]> {
  const traces = new Map<string, Trace>();
  const traced = async (mode: DecodingMode, seed: number): Promise<Trace> => {
    const key = `${mode} ${seed}`;
    const trace = traces.get(key) ?? (await run(reference, requestOf(mode, seed), () => undefined, going));
    traces.set(key, trace);
    return trace;
  };
  /** The residual stream of the other question's run, `step` counted from the first one behind the prompt; layer 0 of a thought is what was fed in. */
  const borrowed = async (mode: DecodingMode, step: number, layer: number): Promise<number[]> => {
    const trace = await traced(mode, other);
    return [...row(trace.activations.residPost, promptOf(trace) + step, layer)];
  };
  const prompts = new Map<DecodingMode, number>();
  for (const mode of ["direct", "icl", "cot", "latent"] as const) prompts.set(mode, promptOf(await traced(mode, own)));
  const at = (mode: DecodingMode, step: number): number => prompts.get(mode)! + step;
  const vector = await borrowed("latent", 1, 0);
  const from = "another question";
  const list: [string, DecodingMode, Intervention[]][] = [
    ["a thought by its likeliest token", "latent", [{ kind: "replace", thought: 0, replacement: { by: "argmax" } }, { kind: "replace", thought: 1, replacement: { by: "argmax" } }]],
    ["a thought by a mixture", "latent", [{ kind: "replace", thought: 1, replacement: { by: "soft", kept: 3 } }]],
    ["a thought by another run's", "latent", [{ kind: "replace", thought: 1, replacement: { by: "vector", vector, from } }]],
    ["a thought by the mean of those before", "latent", [{ kind: "replace", thought: 2, replacement: { by: "mean" } }]],
    ["a thought with noise", "latent", [{ kind: "replace", thought: 1, replacement: { by: "noise", sigma: 0.7 } }]],
    ["a thought by zeros", "latent", [{ kind: "replace", thought: 1, replacement: { by: "zero" } }]],
    ["a thought skipped", "latent", [{ kind: "skip", thought: 1 }]],
    ["a thought repeated", "latent", [{ kind: "repeat", thought: 0, times: 2 }]],
    ["thoughts in another order", "latent", [{ kind: "reorder", order: [2, 0, 1] }]],
    ["a thought steered", "latent", [{ kind: "steer", thought: 0, vector, scale: 0.8, from }]],
    ["several at once", "latent", [{ kind: "skip", thought: 0 }, { kind: "replace", thought: 1, replacement: { by: "noise", sigma: 0.2 } }, { kind: "steer", thought: 2, vector, scale: -0.5 }]],
    ["a chain cut short", "cot", [{ kind: "truncate", after: 1 }]],
    ["a wrong step, drawn", "cot", [{ kind: "corrupt", token: 1, by: null }]],
    ["a wrong step, given", "cot", [{ kind: "corrupt", token: 0, by: 9 }]],
    ["a patch inside the latent loop", "latent", [{ kind: "residual", step: at("latent", 1), layer: 2, operation: "replace", vector: await borrowed("latent", 1, 2), from }]],
    ["a steering vector inside a chain", "cot", [{ kind: "residual", step: at("cot", 0), layer: 1, operation: "add", vector: await borrowed("cot", 0, 1), from }]],
    ["a patch of the prompt's end, direct", "direct", [{ kind: "residual", step: at("direct", -1), layer: 2, operation: "replace", vector: await borrowed("direct", -1, 2), from }]],
    ["a patch before the final norm, behind examples", "icl", [{ kind: "residual", step: at("icl", -1), layer: 3, operation: "replace", vector: await borrowed("icl", -1, 3), from }]],
  ];
  const cases: InterventionCase[] = [];
  for (const [name, mode, interventions] of list) {
    const request = { ...requestOf(mode, own), capture: false, interventions };
    cases.push({ name, request, want: await run(reference, request, () => undefined, going), plain: await traced(mode, own) });
  }
  return cases;
}

type Told = Pick<Trace, "steps" | "branch" | "answer">;

/**
 * How far two runs of one request are apart: what should be equal and is not, in
 * words; else the largest difference of two log-probabilities, over all steps and the answer.
 */
export function runsApart(got: Told, want: Told): number | string {
  const shape = ({ steps, branch, answer }: Told): string => JSON.stringify([steps.map(({ phase, token }) => [phase, token]), branch ?? null, answer.tokens]);
  if (shape(got) !== shape(want)) return `expected ${shape(want)}, got ${shape(got)}`;
  let most = Math.abs(got.answer.logprob - want.answer.logprob);
  want.steps.forEach(({ top, answerLogprob }, t) => {
    const other = got.steps[t]!;
    most = Math.max(most, Math.abs((other.answerLogprob ?? 0) - (answerLogprob ?? 0)), Math.abs(other.top[0]!.logprob - top[0]!.logprob));
  });
  return most;
}
