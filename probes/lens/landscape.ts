/**
 * The landscape of thoughts: where a state stands among the possible answers.
 *
 * Its distance to answer j is the perplexity of that answer there, exp(−mean log p)
 * over the answer's tokens; the distances of a state are divided by their sum. n
 * states and m answers give an (n + m) × (m + 1) feature matrix: a row per state
 * (distances, then the perplexity of the thought), and a row per answer (0 to
 * itself, 1/(m − 1) to the others), ready for a projection.
 *
 * - consistency: whether the nearest answer is already the last state's; 1 at the end
 * - uncertainty: −Σ d log d over the normalised distances, ln m where all answers are alike
 *
 * An answer that is certain has perplexity 1, one of probability 1/V has V. Unit 1;
 * uncertainty nats.
 *
 * Source: Zhou et al. 2025, arXiv:2503.22165 (Landscape of Thoughts), and its code.
 *
 * Where it misleads: only named answers count, so it needs a closed list; in the
 * middle of a thought nobody asks for the answer; perplexities of rare words are
 * high whatever the model thinks.
 */
import { tensor, type Tensor } from "../tensor.ts";

/** exp(−mean log p) of an answer's tokens, from their log-probabilities (nats); NaN without tokens. */
export function perplexity(logprobs: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < logprobs.length; i++) sum += logprobs[i]!;
  return logprobs.length > 0 ? Math.exp(-sum / logprobs.length) : NaN;
}

/**
 * Distances of each state to each answer, in shares of the state's sum.
 *
 * @param perplexities  [n, m], of answer j at state i
 * @returns             [n, m]; a row of NaN where one of its perplexities is not finite
 */
export function answerDistances(perplexities: Tensor): Tensor {
  const [n = 0, m = 0] = perplexities.shape;
  const out = tensor([n, m]);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < m; j++) sum += perplexities.data[i * m + j]!;
    for (let j = 0; j < m; j++) out.data[i * m + j] = sum < Infinity ? perplexities.data[i * m + j]! / sum : NaN;
  }
  return out;
}

/** The feature matrix, [n + m, m + 1]: states with the perplexities of their thoughts [n], then the answers themselves. */
export function landscapeFeatures(distances: Tensor, thoughts: ArrayLike<number>): Tensor {
  const [n = 0, m = 0] = distances.shape;
  if (thoughts.length !== n) throw new RangeError(`landscapeFeatures: expected a perplexity for each of ${n} states, got ${thoughts.length}`);
  const out = tensor([n + m, m + 1]);
  for (let i = 0; i < n; i++) {
    out.data.set(distances.data.subarray(i * m, (i + 1) * m), i * (m + 1));
    out.data[i * (m + 1) + m] = thoughts[i]!;
  }
  for (let j = 0; j < m; j++) for (let k = 0; k < m; k++) out.data[(n + j) * (m + 1) + k] = j === k ? 0 : 1 / (m - 1);
  return out;
}

/** [n] 1 where the nearest answer (the lower index among equals) is that of the last state, else 0; NaN where a distance is not known. */
export function consistency(distances: Tensor): Float64Array<ArrayBuffer> {
  const [n = 0, m = 0] = distances.shape;
  const nearest = Array.from({ length: n }, (_, i) => {
    let best = m > 0 ? 0 : NaN;
    for (let j = 0; j < m; j++) {
      const d = distances.data[i * m + j]!;
      if (Number.isNaN(d)) return NaN;
      if (d < distances.data[i * m + best]!) best = j;
    }
    return best;
  });
  const last = nearest[n - 1] ?? NaN;
  return Float64Array.from(nearest, (j) => (Number.isNaN(j + last) ? NaN : Number(j === last)));
}

/** [n] −Σ d log d, nats, in [0, ln m]; NaN where a distance is not known or there is no answer. */
export function uncertainty(distances: Tensor): Float64Array<ArrayBuffer> {
  const [n = 0, m = 0] = distances.shape;
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = m > 0 ? 0 : NaN;
    for (let j = 0; j < m; j++) {
      const d = distances.data[i * m + j]!;
      if (d !== 0) sum -= d * Math.log(d);
    }
    return sum;
  });
}
