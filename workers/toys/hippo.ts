/**
 * HiPPO-LegS: a state that remembers the whole past as Legendre polynomials.
 *
 *   ḣ(t) = −(1/t) A h(t) + (1/t) B f(t)
 *   A[n, k] = √((2n+1)(2k+1)) for n > k,  n + 1 for n = k,  0 for n < k;    B[n] = √(2n+1)
 *
 * h(t) holds the coefficients of the polynomial of degree < N that lies closest to
 * f on [0, t], every moment weighted alike:
 *
 *   hₙ(t) = √(2n+1) (1/t) ∫₀ᵗ f(s) Pₙ(2s/t − 1) ds,     f(s) ≈ Σₙ √(2n+1) hₙ(t) Pₙ(2s/t − 1)
 *
 *   f    signal at t = 1 … L, in steps of 1
 *   h    state [N]
 *   Pₙ   Legendre polynomial: P₀ = 1, P₁ = x, (n+1) Pₙ₊₁ = (2n+1) x Pₙ − n Pₙ₋₁
 *
 * Both forms stand here: the recurrence, and the projection that it aims at. They
 * differ by the step, not by N. float64, plain TypeScript: the errors reach 10⁻⁶,
 * below what float32 resolves.
 *
 * Source: Gu et al. 2020, arXiv:2008.07669; discretised by the bilinear rule.
 * Left out for clarity: the diagonal forms (mamba.ts has S4D-Real), which do not reconstruct the signal.
 */

/** A, row by row: lower triangular, with eigenvalues 1 … N. */
export function legsMatrix(N: number): Float64Array[] {
  return Array.from({ length: N }, (_, n) => Float64Array.from({ length: N }, (_, k) => (n > k ? Math.sqrt((2 * n + 1) * (2 * k + 1)) : n === k ? n + 1 : 0)));
}

/**
 * The state after each value of the signal, by the bilinear rule
 * (1 + A/2t) hₜ = (1 − A/2t) hₜ₋₁ + B fₜ / t, whose left side is triangular.
 *
 * @param A  lower triangular, to see what another one remembers
 * @returns  [L] states [N]
 */
export function legsRecurrence(signal: ArrayLike<number>, N: number, A: readonly Float64Array[] = legsMatrix(N)): Float64Array[] {
  let h = new Float64Array(N);
  return Array.from({ length: signal.length }, (_, index) => {
    const t = index + 1;
    const next = new Float64Array(N);
    for (let n = 0; n < N; n++) {
      let right = h[n]! + (Math.sqrt(2 * n + 1) * signal[index]!) / t;
      for (let k = 0; k <= n; k++) right -= (A[n]![k]! * (h[k]! + (k < n ? next[k]! : 0))) / (2 * t);
      next[n] = right / (1 + A[n]![n]! / (2 * t));
    }
    return (h = next);
  });
}

/** P₀(x) … P_{N−1}(x). */
export function legendre(x: number, N: number): Float64Array {
  const P = new Float64Array(N);
  for (let n = 0; n < N; n++) P[n] = n === 0 ? 1 : n === 1 ? x : ((2 * n - 1) * x * P[n - 1]! - (n - 1) * P[n - 2]!) / n;
  return P;
}

/** Where in [−1, 1] the i-th of L values lies: in the middle of its share of the time. */
const place = (i: number, L: number): number => (2 * i + 1) / L - 1;

/**
 * The polynomial of degree < N with the least square error at the L points, by
 * orthonormal columns (Gram and Schmidt, twice): the best that any state of N numbers can do.
 *
 * @returns  its values at the points, [L]
 */
export function optimalProjection(signal: ArrayLike<number>, N: number): Float64Array {
  const L = signal.length;
  const basis: Float64Array[] = [];
  const at = Array.from({ length: L }, (_, i) => legendre(place(i, L), N));
  const along = (a: ArrayLike<number>, b: Float64Array): number => b.reduce((sum, x, i) => sum + x * a[i]!, 0);
  for (let n = 0; n < N; n++) {
    const column = Float64Array.from(at, (P) => P[n]!);
    for (let pass = 0; pass < 2; pass++) {
      for (const b of basis) {
        const part = along(column, b);
        b.forEach((x, i) => (column[i]! -= part * x));
      }
    }
    const length = Math.sqrt(along(column, column));
    basis.push(column.map((x) => x / length));
  }
  const out = new Float64Array(L);
  for (const b of basis) {
    const part = along(signal, b);
    b.forEach((x, i) => (out[i]! += part * x));
  }
  return out;
}

/** The signal as the state remembers it, at the L points of its past. */
export function reconstruction(state: Float64Array, L: number): Float64Array {
  return Float64Array.from({ length: L }, (_, i) => legendre(place(i, L), state.length).reduce((sum, P, n) => sum + Math.sqrt(2 * n + 1) * state[n]! * P, 0));
}

/** |a − b| / |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [error, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(error / norm);
}
