/**
 * How much a step changes what the state reads out as: KL(pₜ ‖ pₜ₋₁) = Σ pₜ log(pₜ / pₜ₋₁), nats.
 *
 * Equal predictions give 0, a change from one certain token to another that had
 * probability q before gives −log q.
 *
 * A trace keeps the K likeliest tokens of a cell only. `divergenceBound` is then
 * the smallest divergence that agrees with what was kept: tokens kept in both
 * count exactly; a token kept now but not before had at most the least
 * probability kept before. With all V tokens kept it is the divergence itself.
 *
 * Source: Kullback & Leibler 1951; between successive latent steps as an exit rule
 * in arXiv:2502.05171.
 *
 * Where it misleads: it is not symmetric, and a lower bound; at tokens of a text
 * neighbouring predictions differ by grammar, whatever the model thinks.
 */
import type { Probe } from "../probe.ts";
import { row, tensor, type Tensor } from "../tensor.ts";
import type { Lens } from "../trace.ts";
import { consecutive } from "../geometry/trajectory.ts";
import { lensOf } from "./lens-grid.ts";

/** KL of two full distributions by their log-probabilities [V], nats; Infinity where q excludes what p allows. */
export function divergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  if (p.length !== q.length) throw new RangeError(`divergence: expected two distributions over the same tokens, got ${p.length} and ${q.length}`);
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += term(Math.exp(p[i]!), Math.exp(q[i]!), p[i]! - q[i]!);
  return Math.max(0, sum);
}

/**
 * The least KL(p ‖ q) that agrees with the kept tokens of both, nats.
 *
 * @param p, q  kept tokens, best first, with their log-probabilities, [K] each
 * @returns     NaN where nothing was kept or a log-probability is NaN
 */
export function divergenceBound(pTokens: ArrayLike<number>, p: ArrayLike<number>, qTokens: ArrayLike<number>, q: ArrayLike<number>): number {
  if (p.length === 0 || q.length === 0) return NaN;
  let sum = 0;
  let pRest = 1;
  let qRest = 1;
  // Tokens of p that q did not keep; best first, as p is.
  const alone: number[] = [];
  for (let i = 0; i < p.length; i++) {
    const pi = Math.exp(p[i]!);
    pRest -= pi;
    let j = 0;
    while (j < q.length && qTokens[j] !== pTokens[i]) j++;
    if (j === q.length) {
      alone.push(pi);
      continue;
    }
    sum += term(pi, Math.exp(q[j]!), p[i]! - q[j]!);
    qRest -= Math.exp(q[j]!);
  }
  // The kept probabilities are rounded to float32: what is left below that is nothing.
  pRest = pRest > 1e-6 || Number.isNaN(pRest) ? pRest : 0;
  qRest = Math.max(0, qRest);
  const most = Math.exp(q[q.length - 1]!);
  // The rest of q is dealt out in proportion to p, but no token of `alone` may get more than `most`: largest first.
  let open = alone.reduce((total, x) => total + x, pRest);
  for (const pi of alone) {
    const share = Math.min(most, open > 0 ? (qRest * pi) / open : 0);
    sum += term(pi, share, Math.log(pi / share));
    open -= pi;
    qRest -= share;
  }
  if (pRest > 0) sum += term(pRest, qRest, Math.log(pRest / qRest));
  return Number.isNaN(sum) ? NaN : Math.max(0, sum);
}

function term(p: number, q: number, logRatio: number): number {
  if (p === 0) return 0;
  return q === 0 ? Infinity : p * logRatio;
}

/** [T−1, L+1] nats: the bound at each layer for steps 1 … T−1 against the step before. */
export function stepDivergences(lens: Pick<Lens, "tokens" | "logprobs">): Tensor {
  const [T = 0, layers = 0] = lens.tokens.shape;
  const out = tensor([Math.max(0, T - 1), layers]);
  for (let t = 1; t < T; t++) {
    for (let l = 0; l < layers; l++) {
      out.data[(t - 1) * layers + l] = divergenceBound(row(lens.tokens, t, l), row(lens.logprobs, t, l), row(lens.tokens, t - 1, l), row(lens.logprobs, t - 1, l));
    }
  }
  return out;
}

export const stepDivergence: Probe = {
  id: "step-divergence",
  name: "KL between steps",
  group: "readout",
  kind: "grid",
  title: "How much does each step change its mind?",
  unit: "nats",
  source: "Kullback & Leibler 1951; between latent steps arXiv:2502.05171",
  formula: "Σ pₜ log(pₜ / pₜ₋₁), p = softmax(head · norm(h)), at least",
  help: "How far the prediction read from each layer moves from one step to the next. 0 is the same prediction. A large value means that what seemed likely at the step before no longer does.",
  caveat: "A lower bound, from the few likeliest tokens that a run keeps. In a text neighbouring predictions differ by grammar, whatever the model thinks.",
  needs: ["lens"],
  range: [0, null],
  measure(trace, { from }) {
    const { tokens, logprobs } = lensOf(trace);
    const [T = 0, layers = 0, kept = 0] = tokens.shape;
    const part = (t: Tensor): Tensor => tensor([Math.max(0, T - from), layers, kept], t.data.slice(from * layers * kept));
    const values = stepDivergences({ tokens: part(tokens), logprobs: part(logprobs) });
    return { kind: "grid", steps: consecutive(from + 1, values.shape[0] ?? 0), layers: consecutive(0, layers), values };
  },
};
