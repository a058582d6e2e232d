import { tensor, type Tensor } from "../tensor.ts";

/** The rows of a [n, D] tensor that hold finite numbers only. A projection leaves the others out. */
export function finiteRows(points: Tensor): number[] {
  const [n = 0, hiddenSize = 0] = points.shape;
  const rows: number[] = [];
  for (let i = 0; i < n; i++) {
    let finite = true;
    for (let d = 0; finite && d < hiddenSize; d++) finite = Number.isFinite(points.data[i * hiddenSize + d]);
    if (finite) rows.push(i);
  }
  return rows;
}

/** The named rows of a [n, D] tensor, in their order; the tensor itself where they are all of it. */
export function takeRows(points: Tensor, rows: readonly number[]): Tensor {
  const [n = 0, hiddenSize = 0] = points.shape;
  if (rows.length === n) return points;
  const out = tensor([rows.length, hiddenSize]);
  rows.forEach((r, i) => out.data.set(points.data.subarray(r * hiddenSize, (r + 1) * hiddenSize), i * hiddenSize));
  return out;
}
