import { row, tensor, type Tensor } from "../tensor.ts";

/** One layer's rows of [T, L, D] from step `from` on, [T − from, D]. */
export function layerPath(states: Tensor, layer: number, from = 0): Tensor {
  const [T = 0, , D = 0] = states.shape;
  const path = tensor([Math.max(0, T - from), D]);
  for (let t = from; t < T; t++) path.data.set(row(states, t, layer), (t - from) * D);
  return path;
}
