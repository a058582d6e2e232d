/**
 * T7: whether heads divide a product manifold into its factors.
 *
 * Tokens are points of a product: an angle, one of three colours, one of three classes, each
 * drawn on its own. One layer of causal attention gives, at each token, the three factors of
 * earlier ones:
 *
 *   apart      the angle of the token before, the colour of the one before that, the class of the third
 *   together   all three of the token two before
 *
 * The factors are the same in both; what differs is where they have to be fetched.
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, nn, np } from "../toys/autodiff.ts";
import { glorot, normal, orthogonal, zeros } from "../toys/initialise.ts";
import { adam, cosine } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import { attention, type Attention, initialAttention, mergeHeads } from "../toys/transformer.ts";
import type { Claim, ClaimContext, Evidence, Figure } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { overSeeds } from "./apparatus/over-seeds.ts";
import { evaluate, trainIn } from "./apparatus/training.ts";

const factors = ["angle", "colour", "class"] as const;
const places = ["apart", "together"] as const;
type Place = (typeof places)[number];
/** How many tokens back each factor is fetched. */
const lags: Readonly<Record<Place, readonly [number, number, number]>> = { apart: [1, 2, 3], together: [2, 2, 2] };
const T = 8;
/** Of a token: cos, sin, and one of three twice. */
const width = 8;
const spans: readonly (readonly [from: number, to: number])[] = [[0, 2], [2, 5], [5, 8]];
const D = 24;
const judgedHeads = 4;

export const claim: Claim = {
  id: "T7",
  system: "transformer",
  title: "Do heads divide a product manifold into its factors?",
  statement: {
    en: "A semantic manifold is a product of sub-manifolds, and multi-head attention computes on them in parallel: one head catches one sub-manifold, another head another.",
    zh: "Multi-Head Attention 允许模型在不同的切子空间并行地计算几何关系，最后通过线性投影拼接，恢复出完整的流形结构",
  },
  expectation: {
    verdict: "mixed",
    text: "A head has one pattern of where it looks, so what must be fetched from different places takes different heads. Factors that lie at one place can come through one head, or through all: nothing in the form divides them.",
    sources: [
      { text: "Voita et al. 2019, arXiv:1905.09418: heads specialise by position and syntax, 38 of 48 can be pruned" },
      { text: "inferred: one softmax, one place" },
    ],
  },
  data: "Sequences of 8 tokens; a token is an angle, a colour of three and a class of three, drawn independently. To be given: the angle 1, the colour 2, the class 3 tokens back (apart), or all three 2 tokens back (together).",
  model: `One layer of the lab's causal attention with learnt positions, ${D} dimensions, linear in and out, ${judgedHeads} heads; beside it one head, in the full run 2 and 8 as well.`,
  measurement: "Error of each factor, where 1 is a blind guess. All behind attention is linear, so the outputs of factor i are a sum over heads: share of head j, the variance of its part over that of all heads' parts. Specialisation: 1 − H/log 3 of each head's shares, weighted by their sum; 1 where each head serves one factor, 0 where all serve all alike.",
  rule: "supports: specialisation at least own both where the factors are fetched apart and where together. refutes: at most shared where they are fetched apart. mixed otherwise, and where the error with four heads is above learnt.",
  thresholds: {
    own: { value: 0.7, unit: "1", meaning: "specialisation that counts as one head for one factor, at least" },
    shared: { value: 0.3, unit: "1", meaning: "specialisation that counts as none, at most" },
    learnt: { value: 0.25, unit: "1", meaning: "mean error with four heads, both tasks, at most" },
  },
  seeds: [1, 2, 3],
  seconds: 27,
  recorded: true,
  doesNotShow: "What heads of a language model divide, where syntax and reference do lie at different places. Nor that more heads are better: with factors at one place a single head is enough.",
  wouldChange: "Heads that serve one factor each although all factors lie at one place.",
  sabotage: { what: "What the heads bring is turned by a random rotation before the output matrix, which is turned back: the network computes the same, and heads are no longer parts of it.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { steps: 1500, heads: [1, 2, 4, 8] } : { steps: 400, heads: [1, 4] }),

  judge(evidence, { own = NaN, shared = NaN, learnt = NaN }) {
    const [apart, together, error] = ["apart", "together", "error"].map((id) => valueOf(evidence, id)) as [number, number, number];
    const numbers = `specialisation is ${decimals(apart)} where the factors are fetched apart, ${decimals(together)} where together; error ${decimals(error)}`;
    if (error > learnt) return { verdict: "mixed", reason: `The task is not learnt, so the heads say nothing: ${numbers}.` };
    if (apart <= shared) return { verdict: "refutes", reason: `Heads do not divide the factors: ${numbers}.` };
    if (apart >= own && together >= own) return { verdict: "supports", reason: `One head, one factor: ${numbers}.` };
    return { verdict: "mixed", reason: `Heads divide places rather than factors: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  /** `judgedHeads` among them. */
  readonly heads: readonly number[];
  /** New sequences to look at. */
  readonly sequences?: number;
}

type Model = { embedding: np.Array; positions: np.Array; attention: Attention; output: np.Array; bias: np.Array };

/** Tokens [n, T, 8], and what is to be given [n, T, 8]; zeros in the first three rows, which do not count. */
export function drawTokens(place: Place, random: Random, n: number): { readonly tokens: Tensor; readonly targets: Tensor } {
  const tokens = tensor([n, T, width]);
  const targets = tensor([n, T, width]);
  for (let i = 0; i < n * T; i++) {
    const angle = 2 * Math.PI * random.uniform();
    tokens.data.set([Math.cos(angle), Math.sin(angle)], i * width);
    tokens.data[i * width + 2 + random.integer(3)] = 1;
    tokens.data[i * width + 5 + random.integer(3)] = 1;
  }
  for (let i = 0; i < n; i++) {
    for (let t = 3; t < T; t++) {
      spans.forEach(([from, to], factor) => {
        const back = (i * T + t - lags[place][factor]!) * width;
        targets.data.set(tokens.data.subarray(back + from, back + to), (i * T + t) * width + from);
      });
    }
  }
  return { tokens, targets };
}

export function initialModel(random: Random, heads: number): Model {
  return { embedding: glorot(random, [width, D]), positions: normal(random, [T, D], 0.5), attention: initialAttention(random, D, heads), output: glorot(random, [D, width]), bias: zeros([width]) };
}

/**
 * What the network gives at tokens 3 … T−1, [n, T−3, 8], and each head's part in it, H of the same.
 *
 * @param turned   an orthogonal matrix [D, D] on what the heads bring, undone behind them
 */
export function forward(p: Model, x: np.Array, heads: number, turned: np.Array): { output: np.Array; parts: np.Array[] } {
  const asked = (y: np.Array): np.Array => y.slice([], [3, T]);
  const stream = np.matmul(x, p.embedding).add(p.positions);
  const { output, pattern, heads: brought, cache } = attention({ ...p.attention, output: p.attention.output.ref }, stream.ref, { heads });
  dispose([output, pattern, cache]);
  const all = np.matmul(mergeHeads(brought), turned.ref);
  const outward = np.matmul(np.matmul(turned.transpose(), p.attention.output), p.output.ref);
  const size = D / heads;
  const parts = Array.from({ length: heads }, (_, h) => asked(np.matmul(all.ref.slice([], [], [h * size, (h + 1) * size]), outward.ref.slice([h * size, (h + 1) * size]))));
  dispose([all, outward]);
  const rest = asked(np.matmul(stream, p.output).add(p.bias));
  return { output: parts.reduce((sum, part) => sum.add(part.ref), rest), parts };
}

/** Of each factor: mean square of the angle's two numbers, cross entropy of the others; each over that of a blind guess. */
function losses(output: np.Array, targets: np.Array): np.Array {
  const part = (x: np.Array, factor: number): np.Array => x.ref.slice([], [], [...spans[factor]!]);
  const angle = np.square(part(output, 0).sub(part(targets, 0))).mean().mul(2);
  const named = [1, 2].map((factor) => nn.logSoftmax(part(output, factor), -1).mul(part(targets, factor)).sum(-1).mean().mul(-1 / Math.log(3)));
  dispose([output, targets]);
  return np.stack([angle, ...named]);
}

interface Seen {
  /** Of each factor, 1 for a blind guess. */
  readonly errors: readonly number[];
  /** The share of each head in each factor, [heads][factors]; a factor's shares sum to 1. */
  readonly shares: readonly (readonly number[])[];
}

export async function measure(context: ClaimContext, { steps, heads, sequences = 256 }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const seen = new Map<string, Seen[]>();
  const parts = seeds.length * places.length * heads.length;
  let part = 0;
  for (const seed of seeds) {
    for (const place of places) {
      for (const H of heads) {
        const random = new Random(seed).fork(`${place} ${H}`);
        const training = headTraining(place, H, steps, seed, random.fork("weights"));
        try {
          await trainIn(context, training, steps, [part / parts, (part + 0.95) / parts], `${place}, ${H} ${H === 1 ? "head" : "heads"}, seed ${seed}`);
          const key = `${place} ${H}`;
          seen.set(key, [...(seen.get(key) ?? []), look(training.parameters, place, H, sequences, random, sabotaged)]);
        } finally {
          training.dispose();
        }
        part++;
      }
    }
  }
  await context.progress(1, "done");
  return evidenceOf(heads, seen);
}

function headTraining(place: Place, heads: number, steps: number, seed: number, random: Random): Training<Model, { x: np.Array; y: np.Array }> {
  return new Training<Model, { x: np.Array; y: np.Array }>({
    parameters: initialModel(random, heads),
    loss: (p, { x, y }) => {
      const { output, parts } = forward(p, x, heads, np.eye(D));
      dispose(parts);
      return losses(output, y.slice([], [3, T])).sum();
    },
    batch: (draw) => {
      const { tokens, targets } = drawTokens(place, draw, 32);
      return { x: fromTensor(tokens), y: fromTensor(targets) };
    },
    optimiser: adam({ rate: cosine(1e-2, steps, 2e-4) }),
    seed,
    clip: 1,
  });
}

function look(parameters: Model, place: Place, heads: number, sequences: number, random: Random, sabotaged: boolean): Seen {
  const { tokens, targets } = drawTokens(place, random.fork("test"), sequences);
  const turned = sabotaged ? orthogonal(random.fork("rotation"), D) : np.eye(D);
  const [errors, ...parts] = evaluate({ model: parameters, turned, y: fromTensor(targets) }, (p, x) => {
    const { output, parts: of } = forward(p.model, x, heads, p.turned);
    return [losses(output, p.y.slice([], [3, T])), ...of];
  }, fromTensor(tokens));
  dispose(turned);
  const spread = parts.map((part) => spans.map(([from, to]) => variance(part, from, to)));
  const sums = factors.map((_, factor) => spread.reduce((sum, row) => sum + row[factor]!, 0));
  return { errors: Array.from(errors!.data), shares: spread.map((row) => row.map((x, factor) => x / sums[factor]!)) };
}

/** Summed over these columns of [..., 8]. */
function variance({ data }: Tensor, from: number, to: number): number {
  const n = data.length / width;
  let sum = 0;
  for (let column = from; column < to; column++) {
    const centre = mean(Array.from({ length: n }, (_, i) => data[i * width + column]!));
    for (let i = 0; i < n; i++) sum += (data[i * width + column]! - centre) ** 2 / n;
  }
  return sum;
}

/** 1 − H/log 3 of each row, weighted by its sum; NaN where no head matters. */
export function specialisation(rows: readonly (readonly number[])[]): number {
  let [sum, weighted] = [0, 0];
  for (const row of rows) {
    const weight = row.reduce((a, b) => a + b, 0);
    if (!(weight > 0)) continue;
    const entropy = row.reduce((h, x) => (x > 0 ? h - (x / weight) * Math.log(x / weight) : h), 0);
    sum += weight;
    weighted += weight * (1 - entropy / Math.log(row.length));
  }
  return weighted / sum;
}

function evidenceOf(heads: readonly number[], seen: ReadonlyMap<string, readonly Seen[]>): Evidence {
  const of = (place: Place, H: number): readonly Seen[] => seen.get(`${place} ${H}`)!;
  const judged = places.map((place) => of(place, judgedHeads));
  const sorts = { apart: "fetched apart", together: "fetched together" } as const;
  return {
    quantities: [
      ...places.map((place) => overSeeds({ id: place, label: `specialisation of ${judgedHeads} heads, factors ${sorts[place]}`, unit: "1", reference: { value: "1 or 0", source: "one head for one factor, or all for all" } }, of(place, judgedHeads).map(({ shares }) => specialisation(shares)))),
      overSeeds({ id: "error", label: `error with ${judgedHeads} heads, mean of both tasks`, unit: "blind guess" }, judged[0]!.map((_, s) => mean(judged.flatMap((runs) => runs[s]!.errors)))),
      ...places.flatMap((place) => heads.map((H) => overSeeds({ id: `error-${place}-${H}`, label: `error with ${H} ${H === 1 ? "head" : "heads"}, factors ${sorts[place]}`, unit: "blind guess" }, of(place, H).map(({ errors }) => mean(errors))))),
    ],
    figures: [
      ...places.map((place): Figure => {
        const { shares } = of(place, judgedHeads)[0]!;
        // Heads have no order of their own: those of the first factor first.
        const main = shares.map((row) => row.indexOf(Math.max(...row)));
        const order = main.map((_, head) => head).sort((a, b) => main[a]! - main[b]! || shares[b]![main[b]!]! - shares[a]![main[a]!]!);
        return {
          kind: "grid",
          title: `Which head brings which factor, ${sorts[place]}`,
          rowLabel: "head",
          columnLabel: "factor",
          rows: order.map((head) => String(head + 1)),
          columns: factors,
          values: order.flatMap((head) => shares[head]!),
          unit: "share of the factor that comes through the head",
        };
      }),
      {
        kind: "bars",
        title: "Error by number of heads",
        y: { label: "error, 1 for a blind guess", unit: "1" },
        categories: heads.map((H) => (H === 1 ? "1 head" : `${H} heads`)),
        bars: places.map((place) => ({ name: `factors ${sorts[place]}`, values: heads.map((H) => mean(of(place, H).map(({ errors }) => mean(errors)))) })),
      },
    ],
    remarks: ["The two tables are of the first seed."],
  };
}
