/**
 * The mixture of experts: a router sends each token to few of many perceptrons.
 *
 *   p = softmax(x W_R)                       router probabilities
 *   S = the k experts of largest p           the selected set
 *   y = Σ_{i∈S} gᵢ Eᵢ(x)                     Eᵢ(x) = relu(x Wᵢ + bᵢ) W′ᵢ + b′ᵢ
 *   gᵢ = pᵢ                                  weights as they are (Switch, k = 1: the router learns by them)
 *   gᵢ = pᵢ / Σ_{j∈S} pⱼ                     or made to sum to 1 (Mixtral; with k = 1 all gradient to the router is lost)
 *
 *   balance = X Σᵢ fᵢ Pᵢ                     fᵢ: share of tokens whose first choice is i, Pᵢ: mean of pᵢ;
 *                                            1 where both are even, X where one expert takes all
 *
 *   x   token [B, T, D]
 *   X   number of experts, F hidden size of each
 *   W_R router [D, X]
 *   k   experts per token
 *
 * Source: Shazeer et al. 2017, arXiv:1701.06538; Fedus, Zoph & Shazeer 2021,
 * arXiv:2101.03961, equations 1, 2 and 4 to 6; Jiang et al. 2024, arXiv:2401.04088, for the
 * weights that sum to 1.
 * Left out for clarity: noise in the router, capacity limits, and the saving: here every expert
 * computes every token, and what was not selected is multiplied by zero.
 */
import type { Random } from "../../probes/random.ts";
import { nn, np } from "./autodiff.ts";
import { glorot, he, zeros } from "./initialise.ts";
import { topMask } from "./ranks.ts";

/** router [D, X], inward [X, D, F], inwardBias [X, F], outward [X, F, O], outwardBias [X, O] */
export type Moe = { router: np.Array; inward: np.Array; inwardBias: np.Array; outward: np.Array; outwardBias: np.Array };

export interface MoeOptions {
  /** k, default 1. */
  readonly selected?: number;
  /** Whether the weights of the selected experts are made to sum to 1. Default: where k > 1. */
  readonly normalised?: boolean;
}

export function initialMoe(random: Random, { inputSize: D, hiddenSize: F, outputSize: O = D, experts: X }: { readonly inputSize: number; readonly hiddenSize: number; readonly outputSize?: number; readonly experts: number }): Moe {
  const each = (draw: () => np.Array): np.Array => np.stack(Array.from({ length: X }, draw));
  return {
    router: glorot(random, [D, X]),
    inward: each(() => he(random, [D, F])),
    inwardBias: zeros([X, F]),
    outward: each(() => glorot(random, [F, O])),
    outwardBias: zeros([X, O]),
  };
}

/**
 * @param x   [B, T, D]
 * @returns   `output` [B, T, O]; `router` probabilities p, `selected` (1 or 0) and `weights` g, each [B, T, X];
 *            `load`, the share of the selections that each expert got [X]; `balance`, a scalar to add to the loss, times some 0.01
 */
export function moe(p: Moe, x: np.Array, { selected: k = 1, normalised = k > 1 }: MoeOptions = {}) {
  const X = p.router.shape[1]!;
  if (!(Number.isInteger(k) && k >= 1 && k <= X)) throw new RangeError(`moe: expected 1 to ${X} experts per token, got ${k}`);
  const router = nn.softmax(np.matmul(x.ref, p.router), -1);
  const selected = topMask(router.ref, k);
  const kept = router.ref.mul(selected.ref);
  const weights = normalised ? kept.ref.div(kept.sum(-1, { keepdims: true })) : kept;
  const hidden = nn.relu(np.einsum("btd,xdf->btxf", x, p.inward).add(p.inwardBias));
  const answers = np.einsum("btxf,xfo->btxo", hidden, p.outward).add(p.outwardBias);
  const output = np.expandDims(weights.ref, -1).mul(answers).sum(2);
  const first = topMask(router.ref, 1).mean([0, 1]);
  const balance = first.mul(router.ref.mean([0, 1])).sum().mul(X);
  return { output, router, selected, weights, load: selected.ref.mean([0, 1]).mul(1 / k), balance };
}
