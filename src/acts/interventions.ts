/** From recipes (`act.ts`) to interventions: the vectors that they name are taken from the runs that hold them. */
import type { Intervention } from "../../probes/intervention.ts";
import { keptLayers } from "../../probes/kept-layers.ts";
import { Random } from "../../probes/random.ts";
import { row } from "../../probes/tensor.ts";
import type { Trace } from "../../probes/trace.ts";
import { type Act, encodeActs, type Source, sourceInWords } from "./act.ts";
import { originOf } from "../selection.ts";

/** A source that is another run. */
export type OtherRun = Extract<Source, { kind: "problem" | "mode" }>;

export interface ActContext {
  /** The unaltered run. */
  readonly own: Trace;
  readonly traceOf: (source: OtherRun) => Promise<Trace>;
}

/**
 * @throws Error where a run that is asked for has no such step or layer, with what there is; whatever else does not fit the engine refuses
 */
export async function interventionsOf(acts: readonly Act[], context: ActContext): Promise<Intervention[]> {
  const out: Intervention[] = [];
  for (const act of acts) out.push(await interventionOf(act, context));
  return out;
}

async function interventionOf(act: Act, context: ActContext): Promise<Intervention> {
  const { own } = context;
  switch (act.kind) {
    case "replace": {
      const thought = act.thought - 1;
      if (act.by !== "source") return { kind: "replace", thought, replacement: replacementOf(act) };
      const { source } = act;
      // Layer 0 of a thought is the vector that was fed in.
      const vector = await vectorOf(act, source, act.thought, 0, context);
      return { kind: "replace", thought, replacement: source.kind === "zero" ? { by: "zero" } : { by: "vector", vector, from: sourceInWords(source, "the thought") } };
    }
    case "steer":
      return { kind: "steer", thought: act.thought - 1, vector: await wayTo(act, act.thought, 0, context), scale: act.scale, from: `the way to ${sourceInWords(act.source, "the thought")}` };
    case "skip":
      return { kind: "skip", thought: act.thought - 1 };
    case "repeat":
      return { kind: "repeat", thought: act.thought - 1, times: act.times };
    case "reorder":
      return { kind: "reorder", order: act.order.map((thought) => thought - 1) };
    case "truncate":
      return { kind: "truncate", after: act.after };
    case "corrupt":
      return { kind: "corrupt", token: act.token - 1, by: act.by };
    case "patch": {
      const vector = await vectorOf(act, act.source, act.step, act.layer, context);
      return { kind: "residual", step: originOf(own) + act.step, layer: act.layer, operation: "replace", vector, from: sourceInWords(act.source, "the state") };
    }
    case "push": {
      const vector = (await wayTo(act, act.step, act.layer, context)).map((x) => act.scale * x);
      return { kind: "residual", step: originOf(own) + act.step, layer: act.layer, operation: "add", vector, from: `${act.scale} × the way to ${sourceInWords(act.source, "the state")}` };
    }
  }
}

function replacementOf(act: Exclude<Extract<Act, { kind: "replace" }>, { by: "source" }>): Extract<Intervention, { kind: "replace" }>["replacement"] {
  return act.by === "soft" ? { by: "soft", kept: act.kept } : act.by === "noise" ? { by: "noise", sigma: act.sigma } : { by: act.by };
}

/** From what was there to what the source has there. */
async function wayTo(act: Extract<Act, { kind: "steer" | "push" }>, step: number, layer: number, context: ActContext): Promise<number[]> {
  const from = stateAt(context.own, step, layer, "this run");
  return (await vectorOf(act, act.source, step, layer, context)).map((x, i) => x - from[i]!);
}

async function vectorOf(act: Act, source: Source, step: number, layer: number, context: ActContext): Promise<number[]> {
  if (source.kind === "problem" || source.kind === "mode") return stateAt(await context.traceOf(source), step, layer, sourceInWords(source, "the run"));
  const own = stateAt(context.own, step, layer, "this run");
  if (source.kind === "zero") return own.map(() => 0);
  const random = new Random(context.own.seed).fork(encodeActs({ mode: context.own.mode, acts: [act] }));
  const direction = own.map(() => random.normal());
  const scale = Math.hypot(...own) / Math.hypot(...direction);
  return direction.map((x) => x * scale);
}

function stateAt(trace: Trace, step: number, layer: number, whose: string): number[] {
  const origin = originOf(trace);
  const [steps = 0] = trace.activations.residPost.shape;
  const kept = keptLayers(trace.activations);
  const at = kept.indexOf(layer);
  if (!(origin + step >= 0 && origin + step < steps)) throw new Error(`act: expected a step from ${-origin} to ${steps - 1 - origin} of ${whose}, got ${step}; choose one of these`);
  if (at < 0) throw new Error(`act: expected ${trace.activations.layers ? `one of the layers that were kept (${kept.join(", ")})` : `a layer from 0 to ${kept.length - 1}`}, got ${layer}; choose one of these`);
  return [...row(trace.activations.residPost, origin + step, at)];
}
