/** Measures that give one number per layer of a run, as probes. */
import type { Probe, ProbeOptions, Profile } from "../probe.ts";
import type { Trace } from "../trace.ts";
import { layerStates, type LayerStates } from "./layer-states.ts";

/** A layer, and those that it may be compared with. */
export interface LayerContext {
  readonly layer: LayerStates;
  /** The layer below, of those that were kept; null at the lowest. */
  readonly below: LayerStates | null;
  /** The lowest layer: the embedding, where it was kept. */
  readonly first: LayerStates;
}

export type ProfileDefinition = Omit<Probe, "kind" | "needs" | "measure"> & { readonly of: (context: LayerContext) => number };

export interface ProfileProbe extends Probe {
  measure(trace: Trace, options: ProbeOptions): Profile;
  /** The measure of one layer; NaN where it is not defined. */
  of(context: LayerContext): number;
}

export function profileProbe(definition: ProfileDefinition): ProfileProbe {
  return {
    ...definition,
    kind: "profile",
    needs: ["residPost"],
    measure: (trace, { from, states = layerStates(trace, from) }) => ({ kind: "profile", layers: states.map(({ layer }) => layer), values: profileOf(definition, states) }),
  };
}

/** [L+1] the measure of each layer. */
export function profileOf({ of }: Pick<ProfileDefinition, "of">, states: readonly LayerStates[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(states, (layer, l) => of({ layer, below: states[l - 1] ?? null, first: states[0]! }));
}
