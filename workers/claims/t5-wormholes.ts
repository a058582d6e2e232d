/**
 * T5: whether attention joins geodesically far points, and passes gradients on without loss.
 *
 * Tokens are points of a Swiss roll in their order along it, each with a key and a value
 * (+1 or −1); a last token, at the roll's inner end, bears the key of one of them, the needle,
 * and asks for its value. Of an answer y the share that came through is the slope ∂y/∂v at the
 * needle's value v: 1 where what the needle holds arrives whole, 0 where nothing does.
 *
 * A softmax shares its weight: where the needle's score stands m above others, its weight is
 * 1/(1 + (n − 1) e⁻ᵐ) among n tokens. So a weight a₀ among n₀ tokens is
 *
 *   a(n) = a₀ / (a₀ + (1 − a₀) (n − 1)/(n₀ − 1))
 *
 * among n of the same kind: the theory line.
 */
import { swissRoll } from "../../probes/geometry/manifolds.ts";
import { Random } from "../../probes/random.ts";
import { correlation } from "../../probes/statistics/correlation.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, grad, np, type Parameters } from "../toys/autodiff.ts";
import { glorot, zeros } from "../toys/initialise.ts";
import { adam, cosine } from "../toys/optimiser.ts";
import { initialRnn, rnn, type Rnn } from "../toys/rnn.ts";
import { Training } from "../toys/training.ts";
import { attentionScores, mergeHeads, mix, splitHeads } from "../toys/transformer.ts";
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";
import { evaluate, Owned, trainIn } from "./apparatus/training.ts";

const keySize = 8;
/** Place (3), key, value, and whether it asks. */
const width = 3 + keySize + 2;
const D = 24;
/** Tokens on the roll in training, and numbers of them in the test. */
const trained = 32;
const counts = [16, 32, 64, 128, 256, 512];
/** The recurrent network's, which has to be unrolled. */
const short = 16;
/** Quarters of the way along the roll. */
const quarters = 4;

export const claim: Claim = {
  id: "T5",
  system: "transformer",
  title: "Are there wormholes, and do gradients pass them without loss?",
  statement: {
    en: "Attention builds wormholes on the manifold, joining points that are geodesically far apart; this removes the noise that curvature accumulates, and gradients pass along the manifold without loss.",
    zh: "Transformer可以通过Attention机制在流形上建立“虫洞”，直接连接测地距离极远的两个点。这消除了曲率累积带来的噪声，使得梯度可以在流形上无损传播",
  },
  expectation: {
    verdict: "mixed",
    text: "A token reaches any other in one step, however far along the manifold: the wormholes are real. Without loss they are not: a softmax shares its weight among all that is there, so what comes through thins out as tokens are added; and without a residual stream attention alone collapses to rank one.",
    sources: [
      { text: "Vaswani et al. 2017, arXiv:1706.03762, table 1: path length O(1) against O(n)" },
      { text: "Dong, Cordonnier & Loukas 2021, arXiv:2103.03404: attention alone loses rank" },
      { text: "Veličković et al. 2024, arXiv:2410.01104: softmax must disperse as tokens are added" },
    ],
  },
  data: `Swiss rolls of ${counts[0]} to ${counts.at(-1)} tokens in their order along the roll, each with a random key of ${keySize} numbers and a value of ±1; a last token at the inner end asks for the value under one key. Distance from it along the roll is exact, from the roll's own coordinates.`,
  model: `One head of attention over ${D} dimensions with a residual stream, trained on ${trained} tokens (mean square error). In the full run a gated RNN of 48 units, which reads ${short} tokens along the roll and then the question, stands beside it.`,
  measurement: "What comes through: the slope of the answer in the needle's value, ∂y/∂v, over 1 where nothing is lost; by quarter of the way along the roll, and by number of tokens for the weights as trained. Correlation of the weight on the needle with its distance along the roll.",
  rule: `supports: of the farthest quarter at least whole comes through among ${trained} tokens, and among ${counts.at(-1)} as well. refutes: of the farthest quarter less than weak comes through among ${trained} tokens. mixed otherwise: joined, and not without loss.`,
  thresholds: {
    whole: { value: 0.8, unit: "1", meaning: "share of the needle's value that comes through, as good as whole, at least" },
    weak: { value: 0.2, unit: "1", meaning: "share that counts as no connection, below" },
  },
  seeds: [1, 2, 3],
  seconds: 26,
  recorded: true,
  doesNotShow: "How sharp the heads of large models are: scores can grow with training and with width, and thin out later then. That an RNN keeps less has two reasons here, the long way and the small state; the claim is about attention.",
  wouldChange: "A weight on the needle that stays as tokens are added, or one that falls with the distance along the roll.",
  sabotage: { what: "A mask that lets the question see the eight tokens nearest to it along the roll and no others.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { steps: 3000, recurrent: 2000, sequences: 64, counts } : { steps: 1200, recurrent: 0, sequences: 64, counts }),

  judge(evidence, { whole = NaN, weak = NaN }) {
    const [far, many] = [valueOf(evidence, "far"), valueOf(evidence, "far-many")];
    const numbers = `of a needle in the farthest quarter ${decimals(far)} comes through among ${trained} tokens, ${decimals(many)} among ${counts.at(-1)}`;
    if (far < weak) return { verdict: "refutes", reason: `No wormhole: ${numbers}.` };
    if (far >= whole && many >= whole) return { verdict: "supports", reason: `Far points are joined, and nothing is lost: ${numbers}.` };
    return { verdict: "mixed", reason: `Far points are joined, and not without loss: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  /** Steps of the recurrent network; 0 leaves it out. */
  readonly recurrent: number;
  readonly sequences: number;
  /** Numbers of tokens in the test, `trained` among them. */
  readonly counts: readonly number[];
}

export interface Search {
  /** [B, n + 1, width]; the question last. */
  readonly inputs: Tensor;
  /** [B, 1] */
  readonly answers: Tensor;
  /** Of each sequence, which token is asked for. */
  readonly needles: readonly number[];
  /** [B, n] how far each token lies from the question along the roll, in shares of the roll's length. */
  readonly away: Tensor;
}

/** The length of the roll from its inner to its outer end. */
const rollLength = 90;

/** Questions about n tokens on rolls. */
export function drawSearches(random: Random, B: number, n: number): Search {
  const inputs = tensor([B, n + 1, width]);
  const answers = tensor([B, 1]);
  const away = tensor([B, n]);
  const needles: number[] = [];
  for (let b = 0; b < B; b++) {
    const { points, coordinates } = swissRoll(n, random);
    const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => coordinates.data[2 * i]! - coordinates.data[2 * j]!);
    const needle = random.integer(n);
    needles.push(needle);
    order.forEach((i, t) => {
      const at = (b * (n + 1) + t) * width;
      for (let d = 0; d < 3; d++) inputs.data[at + d] = points.data[3 * i + d]! / 10;
      const key = Array.from({ length: keySize }, () => random.normal());
      key.forEach((x, k) => (inputs.data[at + 3 + k] = x));
      inputs.data[at + 3 + keySize] = random.uniform() < 0.5 ? 1 : -1;
      away.data[b * n + t] = coordinates.data[2 * i]! / rollLength;
    });
    const [asks, found] = [(b * (n + 1) + n) * width, (b * (n + 1) + needle) * width];
    // The inner end of the roll, half way up.
    inputs.data.set([0, 1.05, -0.471], asks);
    inputs.data.set(inputs.data.subarray(found + 3, found + 3 + keySize), asks + 3);
    inputs.data[asks + width - 1] = 1;
    answers.data[b] = inputs.data[found + 3 + keySize]!;
  }
  return { inputs, answers, needles, away };
}

export type Seeker = { inward: np.Array; query: np.Array; key: np.Array; value: np.Array; outward: np.Array; readout: np.Array; bias: np.Array };

export function initialSeeker(random: Random): Seeker {
  return { inward: glorot(random, [width, D]), query: glorot(random, [D, D]), key: glorot(random, [D, D]), value: glorot(random, [D, D]), outward: glorot(random, [D, D]), readout: glorot(random, [D, 1]), bias: zeros([1]) };
}

/**
 * The answer of the last token, [B, 1], and its weights on all, [B, n + 1].
 *
 * @param sight  how many of the first tokens it may see besides itself
 */
export function seek(p: Seeker, x: np.Array, sight: number): { answer: np.Array; weights: np.Array } {
  const T = x.shape[1]!;
  const stream = np.matmul(x, p.inward);
  const asking = stream.ref.slice([], [T - 1, T]);
  const scores = attentionScores(splitHeads(np.matmul(asking.ref, p.query), 1), splitHeads(np.matmul(stream.ref, p.key), 1));
  const allowed = np.array(Array.from({ length: T }, (_, t) => t < sight || t === T - 1)).reshape([1, 1, 1, T]);
  const { pattern, heads } = mix(scores, splitHeads(np.matmul(stream, p.value), 1), allowed);
  const after = asking.add(np.matmul(mergeHeads(heads), p.outward));
  return { answer: np.matmul(after, p.readout).add(p.bias).reshape([-1, 1]), weights: pattern.reshape([-1, T]) };
}

type Reader = { rnn: Rnn; readout: np.Array; bias: np.Array };

function read(p: Reader, x: np.Array): np.Array {
  const { hidden, gates } = rnn(p.rnn, x, { form: "gated" });
  dispose(gates);
  return np.matmul(hidden.slice([], -1), p.readout).add(p.bias);
}

interface Seen {
  /** By number of tokens, what comes through of each quarter. */
  readonly through: readonly (readonly number[])[];
  readonly weight: readonly number[];
  /** The weight on each needle among the tokens of training. */
  readonly weights: readonly number[];
  readonly byDistance: number;
  /** What comes through the recurrent network, by quarter. */
  readonly recurrent: readonly number[];
}

export async function measure(context: ClaimContext, { steps, recurrent, sequences, counts: tested }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const sight = sabotaged ? 8 : Infinity;
  const seen: Seen[] = [];
  for (const [s, seed] of seeds.entries()) {
    const random = new Random(seed);
    const part = (from: number, to: number): [number, number] => [(s + from) / seeds.length, (s + to) / seeds.length];
    const owned = new Owned();
    try {
      const attention = owned.own(searchTraining(initialSeeker(random.fork("attention")), (p, x) => {
        const { answer, weights } = seek(p, x, sight);
        weights.dispose();
        return answer;
      }, trained, steps, 1e-2, seed));
      await trainIn(context, attention, steps, part(0, 0.5), `attention, seed ${seed}`);
      const looks = tested.map((n) => lookAt(attention.parameters, n, sequences * Math.max(1, trained / n), random.fork(`test ${n}`), sight));
      let reads: number[] = Array.from({ length: quarters }, () => NaN);
      if (recurrent > 0) {
        const reader = owned.own(searchTraining<Reader>({ rnn: initialRnn(random.fork("recurrent"), width, 48, "gated"), readout: glorot(random.fork("readout"), [48, 1]), bias: zeros([1]) }, read, short, recurrent, 5e-3, seed));
        await trainIn(context, reader, recurrent, part(0.5, 0.95), `recurrent network, seed ${seed}`);
        const searches = drawSearches(random.fork("test short"), 256, short);
        reads = byQuarter(slopes(reader.parameters, read, searches), searches);
      }
      const at = looks[tested.indexOf(trained)]!;
      seen.push({ through: looks.map(({ through }) => through), weight: looks.map(({ weights }) => mean(weights)), weights: at.weights, byDistance: correlation(at.weights, at.distances), recurrent: reads });
    } finally {
      owned.dispose();
    }
  }
  await context.progress(1, "done");
  return evidenceOf(tested, seen);
}

function searchTraining<P extends Parameters>(parameters: P, answer: (p: P, x: np.Array) => np.Array, n: number, steps: number, rate: number, seed: number): Training<P, { x: np.Array; y: np.Array }> {
  return new Training<P, { x: np.Array; y: np.Array }>({
    parameters,
    loss: (p, { x, y }) => np.square(answer(p, x).sub(y)).mean(),
    batch: (draw) => {
      const { inputs, answers } = drawSearches(draw, 32, n);
      return { x: fromTensor(inputs), y: fromTensor(answers) };
    },
    optimiser: adam({ rate: cosine(rate, steps, rate / 50) }),
    seed,
    clip: 1,
  });
}

function lookAt(parameters: Seeker, n: number, sequences: number, random: Random, sight: number): { through: number[]; weights: number[]; distances: number[] } {
  const searches = drawSearches(random, Math.round(sequences), n);
  const answer = (p: Seeker, x: np.Array): np.Array => {
    const after = seek(p, x, sight);
    after.weights.dispose();
    return after.answer;
  };
  const [weights] = evaluate(parameters, (p, x) => {
    const after = seek(p, x, sight);
    after.answer.dispose();
    return [after.weights];
  }, fromTensor(searches.inputs));
  return {
    through: byQuarter(slopes(parameters, answer, searches), searches),
    weights: searches.needles.map((needle, b) => weights!.data[b * (n + 1) + needle]!),
    distances: searches.needles.map((needle, b) => searches.away.data[b * n + needle]!),
  };
}

/** ∂y/∂v at each needle. */
export function slopes<P extends Parameters>(parameters: P, answer: (p: P, x: np.Array) => np.Array, { inputs, needles }: Search): number[] {
  // Sequences do not touch one another: the gradient of the sum is each one's own.
  const byInput = grad(((p: P, x: np.Array) => answer(p, x).sum()) as never, { argnums: 1 }) as unknown as (p: P, x: np.Array) => np.Array;
  const [gradient] = evaluate(parameters, (p, x) => [byInput(p, x)], fromTensor(inputs));
  const T = inputs.shape[1]!;
  return needles.map((needle, b) => gradient!.data[(b * T + needle) * width + 3 + keySize]!);
}

/** The mean over the needles in each quarter of the roll; NaN where there is none. */
function byQuarter(values: readonly number[], { needles, away }: Search): number[] {
  const n = away.shape[1]!;
  const quarter = needles.map((needle, b) => Math.min(quarters - 1, Math.floor(away.data[b * n + needle]! * quarters)));
  return Array.from({ length: quarters }, (_, q) => mean(values.map((value, b) => (quarter[b] === q ? value : NaN))));
}

/** A weight among n₀ tokens, among n of the same kind. */
export function thinned(weight: number, from: number, n: number): number {
  return weight / (weight + ((1 - weight) * (n - 1)) / (from - 1));
}

function evidenceOf(tested: readonly number[], seen: readonly Seen[]): Evidence {
  const at = tested.indexOf(trained);
  const last = tested.length - 1;
  const names = ["nearest quarter", "second", "third", "farthest quarter"];
  // Needle by needle: the mean of such curves is none of them.
  const theory = tested.map((n) => mean(seen.flatMap(({ weights }) => weights.map((a) => thinned(a, trained, n)))));
  const quarterAxis = names.map((_, q) => q + 1);
  const recurrent = seen.every((run) => run.recurrent.every((x) => !Number.isNaN(x)));
  return {
    quantities: [
      overSeeds({ id: "far", label: `what comes through from the farthest quarter, ${trained} tokens`, unit: "1", reference: { value: 1, source: "nothing lost" } }, seen.map(({ through }) => through[at]!.at(-1)!)),
      overSeeds({ id: "far-many", label: `what comes through from the farthest quarter, ${tested[last]} tokens`, unit: "1", reference: { value: 1, source: "nothing lost" } }, seen.map(({ through }) => through[last]!.at(-1)!)),
      overSeeds({ id: "near", label: `what comes through from the nearest quarter, ${trained} tokens`, unit: "1" }, seen.map(({ through }) => through[at]![0]!)),
      overSeeds({ id: "distance", label: "correlation of the weight on the needle with its distance along the roll", unit: "1", reference: { value: 0, source: "the way along the manifold does not matter" } }, seen.map(({ byDistance }) => byDistance)),
      overSeeds({ id: "weight", label: `attention on the needle, ${trained} tokens`, unit: "1" }, seen.map((run) => run.weight[at]!)),
      overSeeds({ id: "weight-many", label: `attention on the needle, ${tested[last]} tokens`, unit: "1", reference: { value: Number(theory[last]!.toFixed(3)), source: "a softmax over more tokens of the same kind" } }, seen.map((run) => run.weight[last]!)),
      ...(recurrent ? [overSeeds({ id: "recurrent-far", label: `what comes through a recurrent network from the nearest quarter, which it reads first, ${short} tokens`, unit: "1" }, seen.map((run) => run.recurrent[0]!))] : []),
    ],
    figures: [
      {
        kind: "lines",
        title: "What comes through, by the way along the roll",
        x: { label: "quarter of the roll, from the question outwards", unit: "" },
        y: { label: "slope of the answer in the needle's value", unit: "1" },
        lines: [
          ...[at, last].map((i) => lineOverSeeds(`attention, ${tested[i]} tokens`, quarterAxis, seen.map(({ through }) => through[i]!))),
          ...(recurrent ? [lineOverSeeds(`recurrent network, ${short} tokens`, quarterAxis, seen.map((run) => run.recurrent))] : []),
          { name: "nothing lost", role: "theory" as const, x: quarterAxis, y: quarterAxis.map(() => 1) },
        ],
      },
      {
        kind: "lines",
        title: "The needle's share of attention, by the number of tokens",
        x: { label: "tokens", unit: "", log: true },
        y: { label: "attention on the needle", unit: "1" },
        lines: [
          lineOverSeeds("measured", tested, seen.map((run) => run.weight)),
          { name: `softmax, from the weights among ${trained}`, role: "theory", x: tested, y: theory },
          { name: "all alike", role: "null", x: tested, y: tested.map((n) => 1 / n) },
        ],
      },
    ],
    remarks: recurrent ? ["The recurrent network reads from the inner end outwards and then the question: what lies nearest to the question along the roll it has read first, and has to keep longest."] : [],
  };
}
