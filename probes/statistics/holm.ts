/**
 * p-values of several comparisons, corrected for their number: Holm's step-down
 * method. With p₁ ≤ … ≤ p_m the corrected ones are max over j ≤ i of (m − j + 1) pⱼ, at
 * most 1. Whatever is true, the chance of even one false alarm at level α stays below α.
 *
 * One p alone is left as it is; m equal ones become m p.
 *
 * Source: Holm 1979, Scand. J. Statistics 6.
 *
 * Where it misleads: it corrects for the comparisons that it is given, not for
 * those that were looked at and left out.
 */

/** [m] in the order of the input; NaN entries stay NaN and do not count. */
export function holm(p: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const out = Float64Array.from(p);
  const order = Array.from(out.keys()).filter((i) => !Number.isNaN(out[i])).sort((i, j) => p[i]! - p[j]!);
  let largest = 0;
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, (order.length - rank) * p[i]!));
    out[i] = largest;
  });
  return out;
}
