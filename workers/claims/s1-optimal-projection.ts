/**
 * S1: does the state hold the best projection of all that came?
 *
 * HiPPO-LegS (`toys/hippo.ts`) says what its state is: the coefficients of the
 * polynomial of degree < N that lies closest to the past. Two things can be in the
 * way: that it is computed in finite steps, and that Mamba does not use its matrix.
 * Mamba's A is diagonal, −1 … −N (S4D-Real), so that its state holds
 *
 *   h_n = Δ Σ_s exp(−(n + 1) Δ (L − 1 − s)) f(s)
 *
 * N running means over much the same recent past. What can be read from it is the
 * projection onto the singular vectors of this map that rise above the precision of
 * the numbers: f̂ = Σ_i (uᵢ · h / σᵢ) vᵢ over σᵢ > precision · σ₁.
 *
 * Source: Gu et al. 2020, arXiv:2008.07669; Gu et al. 2022, arXiv:2206.11893 (S4D-Real).
 */
import { symmetricEigen } from "../../probes/projection/symmetric-eigen.ts";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor } from "../../probes/tensor.ts";
import { fromTensor, toTensor } from "../toys/autodiff.ts";
import { legsMatrix, legsRecurrence, optimalProjection, reconstruction, relativeError } from "../toys/hippo.ts";
import { stateSpace } from "../toys/mamba.ts";
import { valueOf, type Claim } from "./claim.ts";
import { digits } from "./apparatus/numerals.ts";
import { overSeeds, ratioLineOverSeeds } from "./apparatus/over-seeds.ts";

const L = 2000;
const sizes = [4, 8, 16, 32];
const N = 16;
const lengths = [250, 500, 1000, 2000, 4000];
/** Δ L: how many time constants of the slowest mode the signal lasts. The best of these counts. */
const spans = [1, 4, 16];
/** Of float16 and bfloat16 numbers, by order of magnitude. */
const precision = 1e-3;
/** Where the first seed's pictures are drawn. */
const drawn = Array.from({ length: 101 }, (_, i) => Math.min(L - 1, i * 20));

/** Relative errors of the claims table for sin 6πt + ½ cos 2πt, by N. */
const table: Readonly<Record<number, { readonly recurrence: number; readonly optimal?: number }>> = {
  4: { recurrence: 0.821, optimal: 0.821 },
  8: { recurrence: 0.484, optimal: 0.484 },
  16: { recurrence: 3.5e-3, optimal: 3.6e-4 },
  32: { recurrence: 5.6e-3 },
};

type Signal = (length: number) => Float64Array;

export const claim: Claim = {
  id: "S1",
  system: "mamba",
  title: "Does the state hold the best projection of all that came?",
  statement: { en: "Thanks to the HiPPO matrix A the state of Mamba is the optimal projection of the whole past on orthogonal polynomials.", zh: "HiPPO矩阵 A 的特殊构造，保证了状态h_t是过去所有输入流形历史在正交多项式基底上的最优投影" },
  expectation: {
    verdict: "mixed",
    text: "For HiPPO-LegS it is a theorem, up to the steps in which the state is computed. Mamba does not use this matrix: its A is diagonal and real, and its state holds a few fading means from which the past cannot be read.",
    sources: [{ text: "Gu et al. 2020, arXiv:2008.07669" }, { text: "S4D-Real as Mamba's A: Gu & Dao 2023, arXiv:2312.00752, section 3.6" }],
  },
  data: `Signals of ${L} values: sin 6πt + ½ cos 2πt, as in the claims table, and for each seed a sum of three sines of up to three periods with random weights and phases.`,
  model: `HiPPO-LegS as recurrence (bilinear rule) and as exact projection, in float64; the lab's state space layer with Mamba's A = −1 … −N and a constant Δ, the best of ΔL = ${spans.join(", ")}.`,
  measurement: "Relative error ‖f̂ − f‖ / ‖f‖ of the signal as the state remembers it. From the diagonal state it is read by the best linear rule that numbers of precision 10⁻³ allow; with those of float32 the past is no nearer.",
  rule: `A state holds the signal where its error at N = ${N}, mean over seeds, is at most tolerance. LegS and the diagonal state: supports. Neither: refutes. One of them: mixed.`,
  thresholds: { tolerance: { value: 0.03, unit: "1", meaning: `relative error at N = ${N} up to which a state holds the signal; the best polynomial errs by less than 0.001` } },
  seeds: [1, 2, 3, 4, 5],
  seconds: 2,
  doesNotShow: "That Mamba forgets what it needs: it chooses what enters its state, and learns Δ, B and C for that. It shows that its state is not the projection which the name HiPPO promises.",
  wouldChange: "A diagonal A from which the past can be read, or a recurrence that misses the projection; the sabotaged run takes away what couples the modes of LegS.",
  sabotage: { what: "The matrix of LegS keeps its diagonal only: each coefficient fades on its own.", verdict: "refutes" },

  async run({ seeds, sabotaged, progress }) {
    const known: Signal = (length) => Float64Array.from({ length }, (_, i) => Math.sin((6 * Math.PI * i) / length) + 0.5 * Math.cos((2 * Math.PI * i) / length));
    const errors = { recurrence: [] as number[][], optimal: [] as number[][], diagonal: [] as number[][] };
    const byLength: number[][] = [];
    const matrix = (size: number): Float64Array[] => legsMatrix(size).map((row, n) => (sabotaged ? row.map((value, k) => (k === n ? value : 0)) : row));
    const remembered = (f: Float64Array, size: number): Float64Array => reconstruction(legsRecurrence(f, size, matrix(size)).at(-1)!, f.length);
    for (const [s, seed] of seeds.entries()) {
      await progress(s / (seeds.length + 1), `states of ${sizes.join(", ")} numbers, seed ${seed}`);
      const signal = drawSignal(new Random(seed));
      const f = signal(L);
      errors.recurrence.push(sizes.map((size) => relativeError(remembered(f, size), f)));
      errors.optimal.push(sizes.map((size) => relativeError(optimalProjection(f, size), f)));
      errors.diagonal.push(sizes.map((size) => relativeError(bestDiagonal(f, size), f)));
      byLength.push(lengths.map((length) => relativeError(remembered(signal(length), N), signal(length))));
    }
    await progress(seeds.length / (seeds.length + 1), "the signal of the claims table");
    const f = known(L);
    const source = "computed once for the claims table";
    const [legs, diagonal] = [remembered(f, N), bestDiagonal(f, N)];
    const at = (values: Float64Array): number[] => drawn.map((i) => values[i]!);
    const time = drawn.map((i) => i / L);
    await progress(1, "done");
    return {
      quantities: [
        overSeeds({ id: "legs", label: `error of LegS, N = ${N}`, unit: "1" }, errors.recurrence.map((row) => row[sizes.indexOf(N)]!)),
        overSeeds({ id: "diagonal", label: `error of the diagonal state, N = ${N}`, unit: "1" }, errors.diagonal.map((row) => row[sizes.indexOf(N)]!)),
        overSeeds({ id: "optimal", label: `error of the best polynomial, N = ${N}`, unit: "1" }, errors.optimal.map((row) => row[sizes.indexOf(N)]!)),
        ...sizes.flatMap((size) => [
          { id: `recurrence-${size}`, label: `LegS on sin 6πt + ½ cos 2πt, N = ${size}`, unit: "1", value: relativeError(remembered(f, size), f), reference: { value: table[size]!.recurrence, source } },
          { id: `optimal-${size}`, label: `best polynomial on sin 6πt + ½ cos 2πt, N = ${size}`, unit: "1", value: relativeError(optimalProjection(f, size), f), ...(table[size]!.optimal === undefined ? {} : { reference: { value: table[size]!.optimal, source } }) },
        ]),
      ],
      figures: [
        {
          kind: "lines",
          title: `What a state of ${N} numbers remembers`,
          x: { label: "time", unit: "" },
          y: { label: "signal", unit: "" },
          lines: [
            { name: "HiPPO-LegS", role: "measured", x: time, y: at(legs) },
            { name: "Mamba's diagonal A", role: "measured", x: time, y: at(diagonal) },
            { name: "the signal", role: "theory", x: time, y: at(f) },
          ],
        },
        {
          kind: "lines",
          title: "Error by size of the state",
          x: { label: "numbers in the state N", unit: "", log: true },
          y: { label: "relative error", unit: "", log: true },
          lines: [ratioLineOverSeeds("HiPPO-LegS", sizes, errors.recurrence), ratioLineOverSeeds("Mamba's diagonal A", sizes, errors.diagonal), ratioLineOverSeeds("best polynomial, where above 10⁻⁶", sizes, errors.optimal.map((row) => row.map((error) => (error < 1e-6 ? NaN : error))), "theory"), { name: "nothing remembered", role: "null", x: sizes, y: sizes.map(() => 1) }, { name: "counts as held", role: "null", x: sizes, y: sizes.map(() => claim.thresholds["tolerance"]!.value) }],
        },
        {
          kind: "lines",
          title: `Error by number of steps, N = ${N}`,
          x: { label: "values in the signal", unit: "", log: true },
          y: { label: "relative error", unit: "", log: true },
          lines: [ratioLineOverSeeds("HiPPO-LegS", lengths, byLength), { name: "best polynomial", role: "theory", x: lengths, y: lengths.map(() => Math.exp(mean(errors.optimal.map((row) => Math.log(row[sizes.indexOf(N)]!))))) }],
        },
      ],
    };
  },

  judge(evidence, { tolerance = NaN }) {
    const [legs, diagonal, optimal] = ["legs", "diagonal", "optimal"].map((id) => valueOf(evidence, id)) as [number, number, number];
    const hold = [legs, diagonal].filter((error) => error <= tolerance).length;
    return {
      verdict: hold === 2 ? "supports" : hold === 0 ? "refutes" : "mixed",
      reason: `With ${N} numbers LegS remembers up to an error of ${digits(legs)} (the best polynomial ${digits(optimal)}), Mamba's diagonal state up to ${digits(diagonal)} (held: at most ${tolerance}).`,
    };
  },
};

function drawSignal(random: Random): Signal {
  const waves = [1, 2, 3].map((periods) => ({ periods, weight: random.normal(), phase: 2 * Math.PI * random.uniform() }));
  return (length) => Float64Array.from({ length }, (_, i) => waves.reduce((sum, { periods, weight, phase }) => sum + weight * Math.sin((2 * Math.PI * periods * i) / length + phase), 0));
}

function bestDiagonal(f: Float64Array, size: number): Float64Array {
  const tries = spans.map((span) => readDiagonal(f, size, span / f.length));
  return tries.reduce((best, next) => (relativeError(next, f) < relativeError(best, f) ? next : best));
}

/** The signal as it can be read from the last state of the lab's layer with A = −1 … −N and this Δ. */
export function readDiagonal(f: Float64Array, size: number, delta: number, smallest = precision): Float64Array {
  const constant = (shape: readonly number[], value: (i: number) => number) => fromTensor(tensor(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i))));
  const { y, state } = stateSpace(constant([1, f.length, 1], (i) => f[i]!), constant([1, f.length, 1], () => delta), constant([1, size], (n) => -(n + 1)), constant([1, size], () => 1), constant([1, size], () => 1));
  y.dispose();
  const h = toTensor(state.slice(0, -1, 0)).data;
  const rows = Array.from({ length: size }, (_, n) => Float64Array.from(f, (_, s) => delta * Math.exp(-(n + 1) * delta * (f.length - 1 - s))));
  const gram = new Float64Array(size * size);
  for (let n = 0; n < size; n++) for (let k = 0; k <= n; k++) gram[n * size + k] = gram[k * size + n] = dot(rows[n]!, rows[k]!);
  const { values, vectors } = symmetricEigen(gram, size, size);
  const out = new Float64Array(f.length);
  for (let i = 0; i < size && values[i]! > smallest ** 2 * values[0]!; i++) {
    const u = vectors.subarray(i * size, (i + 1) * size);
    const weight = dot(u, h) / values[i]!;
    for (let n = 0; n < size; n++) {
      const [row, share] = [rows[n]!, weight * u[n]!];
      for (let s = 0; s < out.length; s++) out[s]! += share * row[s]!;
    }
  }
  return out;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
