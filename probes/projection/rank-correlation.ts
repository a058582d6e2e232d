import { correlation } from "../statistics/correlation.ts";
import { finish, type Steps } from "./steps.ts";

/** Spearman's rank correlation; equal values share their mean rank. */
export function spearman(x: Float64Array, y: Float64Array): number {
  return finish(spearmanSteps(x, y));
}

/** The same in steps; a hundred thousand ranks take some 10 ms. */
export function* spearmanSteps(x: Float64Array, y: Float64Array): Steps<number> {
  return correlation(yield* meanRanks(x), yield* meanRanks(y));
}

function* meanRanks(x: Float64Array): Steps<Float64Array> {
  const sorted = x.slice().sort();
  const n = x.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    out[i] = (bound(sorted, x[i]!, false) + bound(sorted, x[i]!, true) - 1) / 2;
    if (i % 50_000 === 0) yield { phase: "geodesics", done: i, total: n };
  }
  return out;
}

/** How many are below `value`, or up to it. */
function bound(sorted: Float64Array, value: number, through: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    const x = sorted[mid]!;
    if (x < value || (through && x === value)) low = mid + 1;
    else high = mid;
  }
  return low;
}
