/** Which layers' hidden states a run kept: all of them, unless the reader chose fewer to spare memory. */
import type { Activation } from "./trace.ts";

/** The layers of `residPost`, rising. */
export function keptLayers({ residPost, layers }: Activation): readonly number[] {
  return layers ?? Array.from({ length: residPost.shape[1] ?? 0 }, (_, layer) => layer);
}

/** The kept layer nearest to this one, the lower of two; the layer itself where none was kept. */
export function nearestLayer(activations: Activation, layer: number): number {
  return keptLayers(activations).reduce((best, kept) => (Math.abs(kept - layer) < Math.abs(best - layer) ? kept : best), keptLayers(activations)[0] ?? layer);
}
