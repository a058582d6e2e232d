/**
 * Log-probabilities of logits, in float64: xᵢ − log Σⱼ exp xⱼ, with the
 * largest logit taken out first so that nothing overflows.
 *
 * @param logits  [V]
 * @returns       [V] nats
 */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - largest);
  const shift = largest + Math.log(sum);
  const out = new Float64Array(logits.length);
  for (let i = 0; i < out.length; i++) out[i] = logits[i]! - shift;
  return out;
}

/**
 * Shannon entropy −Σ p log p, nats: 0 where one outcome is certain, log V where
 * all V are equally likely. An outcome of probability 0 adds nothing.
 *
 * @param logprobs  [V] nats
 */
export function entropy(logprobs: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < logprobs.length; i++) {
    const logprob = logprobs[i]!;
    if (logprob > -Infinity) sum -= Math.exp(logprob) * logprob;
  }
  return sum;
}
