/**
 * Attention without softmax, and one step of gradient descent: the same sum.
 *
 * In context stand pairs (xⱼ, yⱼ); the query x asks for y. From the weights W₀,
 * one step on the loss (1/2n) Σⱼ |W₀ xⱼ − yⱼ|² gives
 *
 *   W₁ = W₀ − (η/n) Σⱼ (W₀ xⱼ − yⱼ) xⱼᵀ
 *   W₁ x = W₀ x + (η/n) Σⱼ (yⱼ − W₀ xⱼ) (xⱼ · x)
 *
 * and the second term is linear attention with keys xⱼ, values yⱼ − W₀ xⱼ and
 * query x, scaled by η/n.
 *
 *   x, y   input and target of a pair, [D] and [O]
 *   W      weights [O, D], row by row
 *   η      learning rate
 *   n      pairs in context
 *
 * In float64 and plain TypeScript: an identity that holds to 10⁻¹² shows it.
 *
 * Source: von Oswald et al. 2023, arXiv:2212.07677, Proposition 1.
 * Left out for clarity: several layers (several steps), several heads.
 */
export type Vector = readonly number[];

const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** W x, for W row by row. */
export function apply(weights: readonly Vector[], x: Vector): number[] {
  return weights.map((row) => dot(row, x));
}

/** Σⱼ values[j] (keys[j] · query). */
export function linearAttention(query: Vector, keys: readonly Vector[], values: readonly Vector[]): number[] {
  const mixed = values[0]?.map(() => 0) ?? [];
  keys.forEach((key, j) => {
    const score = dot(key, query);
    values[j]!.forEach((v, o) => (mixed[o]! += score * v));
  });
  return mixed;
}

/** What a linear-attention layer of these hand-set weights answers to the query. */
export function attentionAnswer(weights: readonly Vector[], inputs: readonly Vector[], targets: readonly Vector[], query: Vector, rate: number): number[] {
  const errors = targets.map((y, j) => {
    const guess = apply(weights, inputs[j]!);
    return y.map((value, o) => value - guess[o]!);
  });
  const step = linearAttention(query, inputs, errors);
  return apply(weights, query).map((at, o) => at + (rate / inputs.length) * step[o]!);
}
