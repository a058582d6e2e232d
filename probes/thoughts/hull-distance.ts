/**
 * How far a latent thought lies from every mixture of some tokens: its distance to
 * the convex hull of their embedding rows. 0 for any mixture (a soft thought), more
 * for a state that no mixture of these tokens makes. Unit of the embeddings.
 *
 * The nearest point Σ wᵢ eᵢ, w ≥ 0, Σ w = 1, is found by Wolfe's algorithm of
 * active sets, exact up to rounding: `gap` bounds the error, distance² is at most
 * `gap` above the least.
 *
 * Source: Wolfe 1976, Math. Programming 11; soft thoughts arXiv:2505.15778.
 *
 * Where it misleads: in D dimensions the hull of m ≪ D points is thin, and anything
 * is outside; compare with the distance of a vector of the same norm in a random
 * direction, and say how many tokens were taken.
 */
import { consecutive } from "../geometry/trajectory.ts";
import type { Probe } from "../probe.ts";
import type { Tensor } from "../tensor.ts";

export interface HullPoint {
  /** NaN without rows, or where a number is not finite. */
  readonly distance: number;
  /** [m] share of each row in the nearest point. */
  readonly weights: Float64Array<ArrayBuffer>;
  /** distance² less the least possible distance², at most; 0 up to rounding. */
  readonly gap: number;
}

/** Below this share of the largest squared length, a difference is rounding. */
const tolerance = 1e-12;

/**
 * @param thought  [D]
 * @param rows     [m, D], m of a few hundred at most
 */
export function hullDistance(thought: ArrayLike<number>, rows: Tensor): HullPoint {
  const [m = 0, D = 0] = rows.shape;
  const gram = new Float64Array(m * m);
  const from = new Float64Array(m * D);
  for (let i = 0; i < m; i++) for (let d = 0; d < D; d++) from[i * D + d] = rows.data[i * D + d]! - thought[d]!;
  let largest = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let d = 0; d < D; d++) dot += from[i * D + d]! * from[j * D + d]!;
      gram[i * m + j] = gram[j * m + i] = dot;
    }
    // Math.max hands NaN on.
    largest = Math.max(largest, gram[i * m + i]!);
  }
  const weights = new Float64Array(m);
  if (m === 0 || !(largest < Infinity)) return { distance: NaN, weights, gap: NaN };
  if (largest === 0) {
    weights[0] = 1;
    return { distance: 0, weights, gap: 0 };
  }
  for (let i = 0; i < gram.length; i++) gram[i] = gram[i]! / largest;
  const gap = nearestInHull(gram, m, weights);
  // From the vector itself: the Gram matrix would lose half of the digits of a small distance.
  let square = 0;
  for (let d = 0; d < D; d++) {
    let x = 0;
    for (let i = 0; i < m; i++) x += weights[i]! * from[i * D + d]!;
    square += x * x;
  }
  return { distance: Math.sqrt(square), weights, gap: gap * largest };
}

/** Wolfe's algorithm on the Gram matrix [m, m] of the points seen from the origin; fills the weights and returns the duality gap. */
function nearestInHull(gram: Float64Array, m: number, weights: Float64Array): number {
  let active = [0];
  for (let i = 1; i < m; i++) if (gram[i * m + i]! < gram[active[0]! * m + active[0]!]!) active = [i];
  weights[active[0]!] = 1;
  let gap = Infinity;
  for (let round = 0; round < 20 * m + 20; round++) {
    let best = -1;
    let least = Infinity;
    let square = 0;
    for (let i = 0; i < m; i++) {
      let slope = 0;
      for (const j of active) slope += weights[j]! * gram[i * m + j]!;
      square += weights[i]! * slope;
      if (slope < least) {
        least = slope;
        best = i;
      }
    }
    gap = Math.max(0, 2 * (square - least));
    if (gap <= tolerance || active.includes(best)) break;
    active.push(best);
    // Minor cycle: to the affine minimum of the active points, dropping those it would give a negative share.
    for (;;) {
      const shares = affineMinimum(gram, m, active);
      if (!shares) {
        // The new point depends on the others: no way further.
        if (active[active.length - 1] === best && weights[best] === 0) active.pop();
        return gap;
      }
      let step = 1;
      active.forEach((i, a) => {
        if (shares[a]! < 0) step = Math.min(step, weights[i]! / (weights[i]! - shares[a]!));
      });
      active.forEach((i, a) => (weights[i] = weights[i]! + step * (shares[a]! - weights[i]!)));
      if (step === 1) break;
      active = active.filter((i) => {
        if (weights[i]! > 1e-14) return true;
        weights[i] = 0;
        return false;
      });
    }
  }
  return gap;
}

/** Shares, summing to 1, of the point nearest to the origin in the affine hull of the active points: (1 1ᵀ + G) u = 1, u / Σu; null where they are dependent. */
function affineMinimum(gram: Float64Array, m: number, active: readonly number[]): Float64Array | null {
  const k = active.length;
  const l = new Float64Array(k * k);
  const u = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 1 + gram[active[i]! * m + active[j]!]!;
      for (let c = 0; c < j; c++) sum -= l[i * k + c]! * l[j * k + c]!;
      if (i === j) {
        if (!(sum > 1e-14)) return null;
        l[i * k + i] = Math.sqrt(sum);
      } else l[i * k + j] = sum / l[j * k + j]!;
    }
    let right = 1;
    for (let c = 0; c < i; c++) right -= l[i * k + c]! * u[c]!;
    u[i] = right / l[i * k + i]!;
  }
  let total = 0;
  for (let i = k - 1; i >= 0; i--) {
    let right = u[i]!;
    for (let c = i + 1; c < k; c++) right -= l[c * k + i]! * u[c]!;
    total += u[i] = right / l[i * k + i]!;
  }
  for (let i = 0; i < k; i++) u[i] = u[i]! / total;
  return u;
}

export const hullProbe: Probe = {
  id: "hull-distance",
  name: "distance from mixtures of tokens",
  group: "thought",
  kind: "series",
  title: "Could a mixture of tokens be this thought?",
  unit: "1",
  source: "Wolfe 1976, Math. Programming 11; soft thoughts arXiv:2505.15778",
  formula: "min ‖z − Σ wᵢEᵢ‖ / ‖z‖ over w ≥ 0, Σ w = 1, i among the 64 tokens that the head ranks highest",
  help: "How far the vector that is fed back lies from the nearest mixture of likely tokens’ embeddings, over its size. 0 is such a mixture: superposed tokens could say the same. Towards 1 it points where no mixture of them does.",
  caveat: "In D dimensions the mixtures of 64 ≪ D tokens fill next to nothing, and a random vector is at about 1; in 64 of 96 dimensions much is within reach.",
  needs: ["vectors"],
  range: [0, null],
  measure(trace, { from }) {
    const values = Float32Array.from(trace.steps.slice(from), ({ hull }) => hull ?? NaN);
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};
