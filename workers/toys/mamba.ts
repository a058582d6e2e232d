/**
 * Mamba: a state space model whose step, input and output depend on the token.
 *
 *   hₜ = exp(Δₜ A) ⊙ hₜ₋₁ + Δₜ Bₜ xₜ       h₋₁ = 0
 *   yₜ = Cₜ hₜ + D ⊙ xₜ
 *
 *   selective   Δₜ = softplus(xₜ W_Δ↓ W_Δ↑ + b_Δ),  Bₜ = xₜ W_B,  Cₜ = xₜ W_C
 *   invariant   Δ, B, C are parameters, the same for every token (LTI, as in S4D):
 *               then y = K ∗ x + D ⊙ x with the kernel Kₖ = C exp(Δ A)ᵏ Δ B
 *
 * around it the block: x = silu(conv(u W_x)), output = (y ⊙ silu(u W_z)) W_O
 *
 *   u        input of the block [B, T, D]
 *   x        what drives the state [B, T, E]; conv: each channel over its last tokens, causally
 *   gate     silu(u W_z) [B, T, E]
 *   h        SSM state [B, T, E, N]: N numbers for each of E channels
 *   A        diagonal, negative [E, N], as A = −exp(logA); first A = −1 … −N (S4D-Real)
 *   Δ        step size [B, T, E]: large forgets and takes in, small keeps
 *   B, C     input and output of the state [B, T, N], shared by the channels; [E, N] where invariant
 *
 * Source: Gu & Dao 2023, arXiv:2312.00752, equation 2, Algorithms 1 and 2; S4D: Gu
 * et al. 2022, arXiv:2206.11893. B̄ = Δ B, as in the authors' code (zero-order hold only for A).
 * Left out for clarity: the fused kernel, RMSNorm and the residual stream around it, complex A.
 */
import type { Random } from "../../probes/random.ts";
import { tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, np } from "./autodiff.ts";
import { glorot, normal, ones, uniform, zeros } from "./initialise.ts";
import { linearScan } from "./linear-scan.ts";
import { silu, softplus } from "./sigmoid.ts";

/** Where Δ, B, C come from: of the token, or of nothing but themselves. */
type Selective = { deltaDown: np.Array; deltaUp: np.Array; B: np.Array; C: np.Array };
type Invariant = { B: np.Array; C: np.Array };
/** input (W_x) and gate (W_z) [D, E]; deltaBias [E]; logA [E, N]; skip (D) [E]; output [E, D]; convolution [K, E], its last tap on the token itself. */
export type Mamba = { input: np.Array; gate: np.Array; convolution: np.Array; convolutionBias: np.Array; logA: np.Array; deltaBias: np.Array; skip: np.Array; output: np.Array } & (
  | { selective: Selective }
  | { invariant: Invariant }
);

export interface MambaSize {
  readonly hiddenSize: number;
  /** E, default 2 D. */
  readonly channels?: number;
  /** N, default 16. */
  readonly stateSize?: number;
  /** Rank of W_Δ, default D / 16, rounded up. */
  readonly deltaRank?: number;
  /** Tokens that the convolution sees, default 4. */
  readonly width?: number;
  /** Default true. */
  readonly selective?: boolean;
}

/** Δ is first between 0.001 and 0.1, spread evenly in its logarithm over the channels. */
export function initialMamba(random: Random, { hiddenSize: D, channels: E = 2 * D, stateSize: N = 16, deltaRank: R = Math.ceil(D / 16), width: K = 4, selective = true }: MambaSize): Mamba {
  const rows = <T>(draw: (i: number) => T): T[] => Array.from({ length: E }, (_, i) => draw(i));
  const delta = rows(() => Math.exp(Math.log(1e-3) + random.uniform() * Math.log(100)));
  const shared = {
    input: glorot(random, [D, E]),
    gate: glorot(random, [D, E]),
    convolution: uniform(random, [K, E], -1 / Math.sqrt(K), 1 / Math.sqrt(K)),
    convolutionBias: zeros([E]),
    logA: fromTensor(tensor([E, N], Float32Array.from(rows(() => Array.from({ length: N }, (_, n) => Math.log(n + 1))).flat()))),
    // The inverse of softplus.
    deltaBias: fromTensor(tensor([E], Float32Array.from(delta, (d) => d + Math.log(-Math.expm1(-d))))),
    skip: ones([E]),
    output: glorot(random, [E, D]),
  };
  if (!selective) return { ...shared, invariant: { B: ones([E, N]), C: normal(random, [E, N], 1 / Math.sqrt(N)) } };
  const spread = R ** -0.5;
  return { ...shared, selective: { deltaDown: glorot(random, [E, R]), deltaUp: uniform(random, [R, E], -spread, spread), B: glorot(random, [E, N]), C: glorot(random, [E, N]) } };
}

/** Each channel over its last K tokens. x [B, T, E], taps [K, E] → [B, T, E] */
function causalConvolution(x: np.Array, taps: np.Array, bias: np.Array): np.Array {
  const [K, T] = [taps.shape[0]!, x.shape[1]!];
  const padded = np.pad(x, { 1: [K - 1, 0] });
  const terms = Array.from({ length: K }, (_, k) => padded.ref.slice([], [k, k + T]).mul(taps.ref.slice(k)));
  dispose([padded, taps]);
  return terms.reduce((sum, term) => sum.add(term)).add(bias);
}

/**
 * @param x      [B, T, E]
 * @param B, C   [B, T, N] (selective) or [E, N] (invariant)
 * @returns      y [B, T, E] without the skip, and the state after each token [B, T, E, N]
 */
export function stateSpace(x: np.Array, delta: np.Array, A: np.Array, B: np.Array, C: np.Array): { y: np.Array; state: np.Array } {
  const wide = (z: np.Array): np.Array => (z.ndim === 3 ? np.expandDims(z, 2) : z);
  const step = np.expandDims(delta, -1);
  const decay = np.exp(step.ref.mul(A));
  const state = linearScan(decay, step.mul(np.expandDims(x, -1)).mul(wide(B)));
  return { y: state.ref.mul(wide(C)).sum(-1), state };
}

/**
 * @param u   [B, T, D]
 * @returns   `output` [B, T, D], `state` [B, T, E, N], `delta` and `gate` [B, T, E], `B` and `C` as `stateSpace` takes them
 */
export function mamba(p: Mamba, u: np.Array) {
  const x = silu(causalConvolution(np.matmul(u.ref, p.input), p.convolution, p.convolutionBias));
  const gate = silu(np.matmul(u, p.gate));
  const { delta, B, C } = "selective" in p ? chosen(p.selective, x.ref, p.deltaBias) : constant(p.invariant, x.shape, p.deltaBias);
  const { y, state } = stateSpace(x.ref, delta.ref, np.exp(p.logA).mul(-1), B.ref, C.ref);
  const output = np.matmul(y.add(x.mul(p.skip)).mul(gate.ref), p.output);
  return { output, state, delta, gate, B, C };
}

function chosen({ deltaDown, deltaUp, B, C }: Selective, x: np.Array, bias: np.Array) {
  return {
    delta: softplus(np.matmul(np.matmul(x.ref, deltaDown), deltaUp).add(bias)),
    B: np.matmul(x.ref, B),
    C: np.matmul(x, C),
  };
}

function constant({ B, C }: Invariant, shape: number[], bias: np.Array) {
  return { delta: np.broadcastTo(softplus(bias), shape), B, C };
}
