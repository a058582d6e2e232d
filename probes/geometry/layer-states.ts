/**
 * The states of one layer of a run, and what several measures need of them, each
 * computed once, when it is first asked for.
 */
import { keptLayers } from "../kept-layers.ts";
import type { Tensor } from "../tensor.ts";
import type { Trace } from "../trace.ts";
import { distancesOf, type Distances } from "./distances.ts";
import { trajectory } from "./trajectory.ts";

export class LayerStates {
  private readonly known = new Map<unknown, unknown>();

  /** @param path  [T, D] */
  constructor(
    readonly path: Tensor,
    readonly layer = 0,
  ) {}

  get distances(): Distances {
    return this.shared(distancesBetween);
  }

  /** What a function finds in these states, found once; the same function each time, not one made on the spot. */
  shared<T>(find: (layer: LayerStates) => T): T {
    if (!this.known.has(find)) this.known.set(find, find(this));
    return this.known.get(find) as T;
  }
}

const distancesBetween = ({ path }: LayerStates): Distances => distancesOf(path);

/** All layers that a run kept, from step `from` on, the lowest first. */
export function layerStates(trace: Trace, from = 0): LayerStates[] {
  return keptLayers(trace.activations).map((layer) => new LayerStates(trajectory(trace, layer, from), layer));
}
