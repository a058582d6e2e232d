/**
 * How much a small change of a state is magnified at most: the largest singular
 * value σ₁ of the Jacobian J of f at x. Above 1 some direction grows, below 1 the map
 * contracts. Unit 1 where input and output are states of one layer.
 *
 * J is known by its products only, each a central difference (f(x + hv) − f(x − hv)) / 2h
 * and thus two calls of f. The directions v₁, v₂ … are those of the power iteration,
 * made orthonormal: with a transposed product Jᵀ(Jv), which converges to σ₁; else Jv
 * itself, which does so where J is near to normal, and random ones where f changes
 * the dimension. Of all their combinations the one magnified most is taken (Rayleigh and Ritz).
 *
 * A linear layer gives its σ₁, exactly once there are as many products as
 * dimensions; with fewer products the value is a lower bound.
 *
 * Source: Golub & Van Loan 2013, sections 8.2 and 10.4; for networks Virmaux & Scaman
 * 2018, arXiv:1805.10965.
 *
 * Where it misleads: local, and blind at kinks: elsewhere on the path another value
 * holds; with float32 states a step h below 1e-3 of the state's size measures rounding.
 */
import type { Random } from "../random.ts";
import { symmetricEigen } from "../projection/symmetric-eigen.ts";

type Vector = Float32Array | Float64Array;

/** A map of states, such as some layers of a model; must not keep its input. */
export type StateMap = (x: Float64Array<ArrayBuffer>) => Vector | Promise<Vector>;

export interface LipschitzOptions {
  /** How many directions are tried, two calls of f each. Default 16, at most the dimension. */
  readonly products?: number;
  /** Length h of a step, over ‖x‖ (over 1 where x is 0). Default 1e-3. */
  readonly step?: number;
  /** u ↦ Jᵀu at x, where it is known. */
  readonly transposed?: StateMap;
}

export interface LocalLipschitz {
  /** σ₁, or a lower bound of it; NaN where f gives NaN or x is empty. */
  readonly value: number;
  /** [D] the unit direction that is magnified most. */
  readonly direction: Float64Array<ArrayBuffer>;
  /** Directions tried. */
  readonly products: number;
  /** Whether they span the whole space, and the value is σ₁ itself. */
  readonly exact: boolean;
}

export async function localLipschitz(f: StateMap, x: ArrayLike<number>, random: Random, options: LipschitzOptions = {}): Promise<LocalLipschitz> {
  const D = x.length;
  const at = Float64Array.from(x);
  const products = Math.max(0, Math.min(options.products ?? 16, D));
  const h = (options.step ?? 1e-3) * (length(at) || 1);
  const directions: Float64Array<ArrayBuffer>[] = [];
  const images: Float64Array[] = [];
  let next: Float64Array<ArrayBuffer> | null = null;
  for (let i = 0; i < products; i++) {
    const v = freshDirection(next, directions, D, random);
    directions.push(v);
    const image = await difference(f, at, v, h);
    images.push(image);
    if (options.transposed) next = Float64Array.from(await options.transposed(Float64Array.from(image)));
    else next = image.length === D ? Float64Array.from(image) : null;
  }
  const { value, weights } = mostMagnified(images);
  const direction = new Float64Array(D);
  directions.forEach((v, i) => {
    for (let d = 0; d < D; d++) direction[d] = direction[d]! + weights[i]! * v[d]!;
  });
  return { value, direction, products, exact: products === D && D > 0 };
}

/** J v by a central difference. */
async function difference(f: StateMap, x: Float64Array, v: Float64Array, h: number): Promise<Float64Array> {
  const forward = Float64Array.from(await f(Float64Array.from(x, (value, d) => value + h * v[d]!)));
  const backward = await f(Float64Array.from(x, (value, d) => value - h * v[d]!));
  return forward.map((value, d) => (value - backward[d]!) / (2 * h));
}

/** What `wanted` adds to the directions so far, of unit length; a random direction where it adds nothing. */
function freshDirection(wanted: Float64Array<ArrayBuffer> | null, directions: readonly Float64Array[], D: number, random: Random): Float64Array<ArrayBuffer> {
  for (let v = wanted; ; v = null) {
    v ??= Float64Array.from({ length: D }, () => random.normal());
    const before = length(v);
    for (let pass = 0; pass < 2; pass++) {
      for (const u of directions) {
        let dot = 0;
        for (let d = 0; d < D; d++) dot += v[d]! * u[d]!;
        for (let d = 0; d < D; d++) v[d] = v[d]! - dot * u[d]!;
      }
    }
    const left = length(v);
    // NaN and zero fail here as well.
    if (left > 1e-6 * before) return v.map((value) => value / left);
  }
}

/** The largest ‖Σ wᵢ imageᵢ‖ over unit w. */
function mostMagnified(images: readonly Float64Array[]): { value: number; weights: Float64Array } {
  const k = images.length;
  const none = { value: NaN, weights: new Float64Array(k).fill(NaN) };
  const gram = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let d = 0; d < images[i]!.length; d++) dot += images[i]![d]! * images[j]![d]!;
      if (!Number.isFinite(dot)) return none;
      gram[i * k + j] = gram[j * k + i] = dot;
    }
  }
  if (k === 0) return none;
  const { values, vectors } = symmetricEigen(gram, k, 1);
  return { value: Math.sqrt(Math.max(0, values[0]!)), weights: vectors };
}

function length(x: Float64Array): number {
  let square = 0;
  for (let d = 0; d < x.length; d++) square += x[d]! * x[d]!;
  return Math.sqrt(square);
}
