/**
 * Z1, part a: does writing each step down as a token make a long chain drift?
 *
 * A thought is one of 26 random codes in 64 dimensions. Each step of the chain adds
 * N(0, σ²) to every coordinate. The latent channel hands the noisy vector on; the
 * token channel snaps it to the nearest code, which is what argmax does.
 *
 *   latent: after n steps the noise has grown to σ√n
 *   token:  a step errs with probability ε; n steps are right with about (1 − ε)ⁿ,
 *           1/26 + (25/26)(1 − 26ε/25)ⁿ with the errors that happen to undo one another
 *
 * For codes at right angles both come from one integral, `orthogonalAccuracy`
 * (Proakis, Digital communications: M-ary orthogonal signals).
 */
import { Random } from "../../probes/random.ts";
import { normalTail } from "../../probes/statistics/wilcoxon.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { digits } from "./apparatus/numerals.ts";
import { overSeeds, shareLineOverSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";

const codes = 26;
const dimensions = 64;
const chain = [1, 2, 4, 8, 16, 32];
const noises = [0.5, 1, 1.5, 2, 3, 4];
/** A blend of two codes, and the noise under which it is kept. */
const blend = { more: 0.6, less: 0.4, noise: 0.25 };
/** In the sabotaged run: how often the token channel says any word at all. */
const slips = 1 / 8;

type Channel = "token" | "latent";

export const claim: Claim = {
  id: "Z1",
  system: "latent-cot",
  title: "Does writing each step down as a token make a long chain drift?",
  statement: { en: "Thinking aloud squeezes a continuous signal through an argmax; this quantisation noise accumulates over a long chain, and the reasoning drifts.", zh: "强迫连续的神经网络信号经过一个低带宽的 Argmax 离散化层……这种量化噪声在长链条推理中会累积，导致推理漂移" },
  expectation: {
    verdict: "refutes",
    text: "What accumulates is noise that nobody removes: σ√n after n steps. An argmax at each step removes it as long as it stays below half the distance of two codes; it is an error-correcting code. What an argmax does destroy is a blend of two thoughts, at the first step and once for all.",
    sources: [{ text: "error probability of orthogonal codes, Proakis, Digital communications", recalled: true }, { text: "the trade-off between exact symbols and open alternatives: arXiv:2602.01148" }],
  },
  data: `${codes} random codes in ${dimensions} dimensions, one thought per chain, chains of 1 to 32 steps; noise of σ = 0.5 … 4 per coordinate and step, beside codes of 1 per coordinate.`,
  model: "Two ideal channels, without a network: every step is right but for its noise. The token channel hands on the nearest code, the latent channel the vector as it is. At the end both are read by the nearest code.",
  measurement: `Accuracy after n steps. Drift = accuracy after one step less accuracy after 16, at σ = 1. Beside it a blend of two codes (${blend.more} and ${blend.less}) at σ = ${blend.noise}: accuracy on the weaker one, read as the code nearest to what is left without the stronger.`,
  rule: "The two drifts differ where one is larger by `margin`, means over seeds. The token channel drifts more: supports. The latent channel drifts more: refutes. Neither: mixed.",
  thresholds: { margin: { value: 0.1, unit: "1", meaning: "difference of the two drifts, in accuracy, that counts" } },
  seeds: [1, 2, 3],
  seconds: 1,
  doesNotShow: "What a trained model does with its thoughts: a network may correct a latent step as well as an argmax does, or make errors that no argmax corrects (wrong tokens). Part b asks the embedded model.",
  wouldChange: "Tokens that are drawn at random instead of the most probable one, or a vocabulary so dense that the nearest word is often the wrong one (large σ in the second figure): then each step errs, and errors of tokens stay. The sabotaged run slips in one step of eight.",
  sabotage: { what: "In one step of eight the token channel says a word at random.", verdict: "supports" },

  run: (context) => measure(context, context.size === "full" ? 4000 : 400),

  judge(evidence, { margin = NaN }) {
    const [token, latent] = [valueOf(evidence, "token-drift"), valueOf(evidence, "latent-drift")];
    return {
      verdict: token >= latent + margin ? "supports" : latent >= token + margin ? "refutes" : "mixed",
      reason: `Over 16 steps at σ = 1 the token channel loses ${digits(token)} of its accuracy, the latent channel ${digits(latent)} (a difference below ${margin} counts as none).`,
    };
  },
};

/** @param trials  chains per seed and condition */
export async function measure({ seeds, sabotaged, progress }: ClaimContext, trials: number): Promise<Evidence> {
  const slip = sabotaged ? slips : 0;
  const byStep: Record<Channel, number[][]> = { token: [], latent: [] };
  const byNoise: Record<Channel, number[][]> = { token: [], latent: [] };
  const blends: Record<Channel, number[][]> = { token: [], latent: [] };
  for (const [s, seed] of seeds.entries()) {
    await progress(s / seeds.length, `chains of up to 32 steps, seed ${seed}`);
    const random = new Random(seed);
    const steps = accuracies(random.fork("steps"), trials, 1, chain, slip);
    // σ = 1 is the same experiment in both figures.
    const levels = noises.map((noise) => (noise === 1 ? pick(steps, chain.indexOf(16)) : accuracies(random.fork(`noise ${noise}`), trials, noise, [16], slip)));
    const blended = accuracies(random.fork("blend"), trials, blend.noise, chain, slip, blend);
    for (const channel of ["token", "latent"] as const) {
      byStep[channel].push(steps[channel]);
      byNoise[channel].push(levels.map((level) => level[channel][0]!));
      blends[channel].push(blended[channel]);
    }
  }
  await progress(1, "done");
  const at = (lines: readonly number[][], list: readonly number[], value: number): number[] => lines.map((line) => line[list.indexOf(value)]!);
  const drift = (lines: readonly number[][]): number[] => at(lines, chain, 1).map((first, s) => first - at(lines, chain, 16)[s]!);
  const length = Math.sqrt(dimensions);
  const theory = {
    token: (noise: number, n: number) => 1 / codes + (1 - 1 / codes) * (1 - ((1 - orthogonalAccuracy(length / noise)) * codes) / (codes - 1)) ** n,
    latent: (noise: number, n: number) => orthogonalAccuracy(length / noise / Math.sqrt(n)),
  };
  const measured = "26 codes, d = 64, computed once for the claims table";
  return {
    quantities: [
      overSeeds({ id: "token-drift", label: "drift over 16 steps, token channel, σ = 1", unit: "1" }, drift(byStep.token)),
      overSeeds({ id: "latent-drift", label: "drift over 16 steps, latent channel, σ = 1", unit: "1" }, drift(byStep.latent)),
      shareOverSeeds({ id: "token-1", label: "accuracy after 16 steps, token channel, σ = 1", unit: "1", reference: { value: 1, source: measured } }, at(byNoise.token, noises, 1)),
      shareOverSeeds({ id: "latent-1", label: "accuracy after 16 steps, latent channel, σ = 1", unit: "1", reference: { value: 0.483, source: measured } }, at(byNoise.latent, noises, 1)),
      shareOverSeeds({ id: "token-1.5", label: "accuracy after 16 steps, token channel, σ = 1.5", unit: "1", reference: { value: 0.947, source: measured } }, at(byNoise.token, noises, 1.5)),
      shareOverSeeds({ id: "latent-1.5", label: "accuracy after 16 steps, latent channel, σ = 1.5", unit: "1", reference: { value: 0.277, source: measured } }, at(byNoise.latent, noises, 1.5)),
      shareOverSeeds({ id: "token-blend", label: "the weaker of two blended thoughts after 16 steps, token channel, σ = 0.25", unit: "1", reference: { value: 1 / (codes - 1), source: "chance" } }, at(blends.token, chain, 16)),
      shareOverSeeds({ id: "latent-blend", label: "the weaker of two blended thoughts after 16 steps, latent channel, σ = 0.25", unit: "1" }, at(blends.latent, chain, 16)),
    ],
    figures: [
      {
        kind: "lines",
        title: "One thought, handed on with noise σ = 1",
        x: { label: "steps", unit: "", log: true },
        y: { label: "accuracy", unit: "" },
        lines: [
          shareLineOverSeeds("token channel", chain, byStep.token),
          shareLineOverSeeds("latent channel", chain, byStep.latent),
          { name: "token: (1 − ε)ⁿ", role: "theory", x: chain, y: chain.map((n) => theory.token(1, n)) },
          { name: "latent: noise σ√n", role: "theory", x: chain, y: chain.map((n) => theory.latent(1, n)) },
          { name: "chance", role: "null", x: chain, y: chain.map(() => 1 / codes) },
        ],
      },
      {
        kind: "lines",
        title: "After 16 steps, by noise",
        x: { label: "σ per coordinate and step", unit: "" },
        y: { label: "accuracy", unit: "" },
        lines: [
          shareLineOverSeeds("token channel", noises, byNoise.token),
          shareLineOverSeeds("latent channel", noises, byNoise.latent),
          { name: "token, codes at right angles", role: "theory", x: noises, y: noises.map((noise) => theory.token(noise, 16)) },
          { name: "latent, codes at right angles", role: "theory", x: noises, y: noises.map((noise) => theory.latent(noise, 16)) },
          { name: "chance", role: "null", x: noises, y: noises.map(() => 1 / codes) },
        ],
      },
      {
        kind: "lines",
        title: `A blend of two thoughts, σ = ${blend.noise}: the weaker one`,
        x: { label: "steps", unit: "", log: true },
        y: { label: "accuracy on the weaker thought", unit: "" },
        lines: [shareLineOverSeeds("token channel", chain, blends.token), shareLineOverSeeds("latent channel", chain, blends.latent), { name: "chance", role: "null", x: chain, y: chain.map(() => 1 / (codes - 1)) }],
      },
    ],
    remarks: ["Where the essay is right: an argmax forgets the weaker of two blended thoughts. It does so at the first step, and no more at the later ones: a loss, not a drift."],
  };
}

function pick({ token, latent }: Record<Channel, number[]>, at: number): Record<Channel, number[]> {
  return { token: [token[at]!], latent: [latent[at]!] };
}

/**
 * Accuracy of both channels after each number of steps.
 *
 * @param slip     how often the token channel says a random word
 * @param mixture  the thought is a blend of two codes, and the weaker one is asked for
 */
function accuracies(random: Random, trials: number, noise: number, steps: readonly number[], slip: number, mixture?: { readonly more: number; readonly less: number }): Record<Channel, number[]> {
  const book = Array.from({ length: codes }, () => codeOf(Float64Array.from({ length: dimensions }, () => random.normal())));
  const right = { token: steps.map(() => 0), latent: steps.map(() => 0) };
  const longest = Math.max(...steps);
  const slipping = random.fork("slips");
  for (let trial = 0; trial < trials; trial++) {
    const first = random.integer(codes);
    const second = (first + 1 + random.integer(codes - 1)) % codes;
    const latent = book[first]!.vector.map((value, d) => (mixture ? mixture.more * value + mixture.less * book[second]!.vector[d]! : value));
    const token = latent.slice();
    for (let n = 1; n <= longest; n++) {
      for (let d = 0; d < dimensions; d++) {
        const error = noise * random.normal();
        latent[d]! += error;
        token[d]! += error;
      }
      token.set(book[slipping.uniform() < slip ? slipping.integer(codes) : nearest(book, token)]!.vector);
      const at = steps.indexOf(n);
      if (at < 0) continue;
      for (const [channel, state] of [["token", token], ["latent", latent]] as const) {
        const answer = mixture ? weaker(book, state, mixture.more, random) : nearest(book, state);
        if (answer === (mixture ? second : first)) right[channel][at]!++;
      }
    }
  }
  return { token: right.token.map((count) => count / trials), latent: right.latent.map((count) => count / trials) };
}

/** A code with half its squared length: c is nearest to z where c · z − |c|²/2 is largest. */
interface Code {
  readonly vector: Float64Array;
  readonly half: number;
}

function codeOf(vector: Float64Array): Code {
  return { vector, half: dot(vector, vector) / 2 };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

function nearest(book: readonly Code[], state: Float64Array): number {
  let best = -1;
  let most = -Infinity;
  for (const [c, { vector, half }] of book.entries()) {
    const score = dot(vector, state) - half;
    if (score > most) [most, best] = [score, c];
  }
  return best;
}

/** The code nearest in direction to what a state holds besides its strongest code; a guess where that is nothing. */
function weaker(book: readonly Code[], state: Float64Array, more: number, random: Random): number {
  const strongest = nearest(book, state);
  const { vector } = book[strongest]!;
  // A snapped state is its strongest code, and nothing else.
  if (state.every((value, d) => value === vector[d])) return (strongest + 1 + random.integer(codes - 1)) % codes;
  const rest = state.map((value, d) => value - more * vector[d]!);
  const scores = book.map((code, c) => (c === strongest ? -Infinity : dot(code.vector, rest) / Math.sqrt(code.half)));
  return scores.indexOf(Math.max(...scores));
}

/**
 * The probability that the right one of M codes at right angles is the nearest:
 * ∫ φ(x) Φ(x + r)^(M−1) dx, r = length of a code / noise per coordinate.
 */
export function orthogonalAccuracy(ratio: number, M = codes): number {
  const step = 0.02;
  let sum = 0;
  for (let x = -8; x <= 8; x += step) sum += (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * normalShare(x + ratio) ** (M - 1) * step;
  return sum;
}

/** P(Z < z). */
function normalShare(z: number): number {
  return z < 0 ? normalTail(-z) : 1 - normalTail(z);
}
