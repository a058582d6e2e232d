/**
 * T1: is a transformer without positions a function of a set?
 *
 * A function f of tokens X treats them as a set where it commutes with every
 * permutation P of them: f(P X) = P f(X). Without a mask each part does: attention
 * sums over all tokens, norm and perceptron act on each alone. A causal mask tells
 * the tokens apart by how many they see: one layer makes the last token a function
 * of the set of those before it, and what the tokens of that layer have become
 * depends on their order, so that the second layer knows it.
 *
 * Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5; Lee et al. 2018,
 * arXiv:1810.00825 (sets); Haviv et al. 2022, arXiv:2203.16634 (causal models learn positions).
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { dispose, jit, keep, np, toTensor } from "../toys/autodiff.ts";
import { normal } from "../toys/initialise.ts";
import { initialTransformer, transformer, type Transformer } from "../toys/transformer.ts";
import { valueOf, type Claim } from "./claim.ts";
import { digits } from "./apparatus/numerals.ts";
import { barOverSeeds, lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";

const tokens = 12;
const layers = 4;
const size = { vocabSize: 16, hiddenSize: 32, layers, heads: 4, contextLength: tokens };
const sequences = 8;
const depths = Array.from({ length: layers }, (_, l) => l + 1);

/** Each with the positions as the claim has them: left out. */
const cases = [
  { id: "bidirectional", name: "no mask, no positions", causal: false, positions: false },
  { id: "causal", name: "causal mask, no positions", causal: true, positions: false },
  { id: "bidirectional-positions", name: "no mask, positions", causal: false, positions: true },
  { id: "causal-positions", name: "causal mask, positions", causal: true, positions: true },
] as const;

export const claim: Claim = {
  id: "T1",
  system: "transformer",
  title: "Is a transformer without positions a function of a set?",
  statement: { en: "Leave out the positional encoding, and a transformer is in essence a dynamic graph network on a set.", zh: "如果忽略 PE 注入的时序信息，其本质是一个基于集合的动态图神经网络" },
  expectation: {
    verdict: "mixed",
    text: "Without a mask it commutes with every permutation of its tokens, exactly. With the causal mask that language models have it does not: the mask alone tells the order, from the second layer on.",
    sources: [{ text: "Lee et al. 2018, arXiv:1810.00825, on sets" }, { text: "Haviv et al. 2022, arXiv:2203.16634, and Kazemnejad et al. 2023, arXiv:2305.19466: causal models without positions know them" }],
  },
  data: `${sequences} sequences of ${tokens} random vectors per seed, of the size that embeddings have, and a random permutation of the tokens.`,
  model: `The lab's transformer with ${layers} layers, hidden size ${size.hiddenSize}, ${size.heads} heads, as it is before training; with and without causal mask, with and without positions.`,
  measurement: "‖f(PX) − P f(X)‖ / ‖f(X)‖ of the logits. Then the same for the residual stream of the last token after each layer, where only the tokens before it change places.",
  rule: "It is a function of a set where the error without positions is at most rounding. Without and with the mask: supports. Neither: refutes. One of them: mixed.",
  thresholds: { rounding: { value: 1e-5, unit: "1", meaning: "error that float32 leaves" } },
  seeds: [1, 2, 3, 4, 5],
  seconds: 1,
  doesNotShow: "How well a trained model without positions uses the order. The law is one of the architecture: training changes the size of the causal error, not that of the bidirectional one.",
  wouldChange: "Positions that are added after all: the sabotaged run leaves them in, and nothing is a set any more.",
  sabotage: { what: "Positions stay in.", verdict: "refutes" },

  async run({ seeds, sabotaged, progress }) {
    const errors = cases.map(() => [] as number[]);
    const byDepth = [false, true].map(() => [] as number[][]);
    const unrelated: number[] = [];
    const runs = cases.map(({ causal, positions }) => jit((p: Transformer, input: np.Array) => {
      const { output, residual, patterns, heads, caches } = transformer(p, input, { heads: size.heads, causal, positions: positions || sabotaged });
      dispose([patterns, heads, caches]);
      return { output, last: residual.slice(1).map((after) => after.slice([], -1)) };
    }));
    for (const [s, seed] of seeds.entries()) {
      const random = new Random(seed);
      const parameters = initialTransformer(random, size);
      const x = normal(random, [sequences, tokens, size.hiddenSize], 0.02);
      const order = random.shuffle(Array.from({ length: tokens }, (_, t) => t));
      const earlier = [...random.shuffle(Array.from({ length: tokens - 1 }, (_, t) => t)), tokens - 1];
      for (const [c, { name, causal, positions }] of cases.entries()) {
        await progress((s + c / cases.length) / seeds.length, `${name}, seed ${seed}`);
        const run = runs[c]!;
        const plain = run(keep(parameters), x.ref);
        const moved = run(keep(parameters), permuted(x.ref, order));
        const [output, after] = [permuted(plain.output, order), moved.output];
        if (c === 0) unrelated.push(distance(after.ref, np.flip(output.ref, 0)));
        errors[c]!.push(distance(after, output));
        if (!positions) {
          const swapped = run(keep(parameters), permuted(x.ref, earlier));
          byDepth[causal ? 1 : 0]!.push(depths.map((_, l) => distance(swapped.last[l]!, plain.last[l]!)));
          swapped.output.dispose();
        } else dispose(plain.last);
        dispose(moved.last);
      }
      dispose([parameters, x]);
    }
    for (const run of runs) run.dispose();
    await progress(1, "done");
    return {
      quantities: [
        ...cases.map(({ id, name }, c) => overSeeds({ id, label: `error under a permutation, ${name}`, unit: "1", ...(c === 0 ? { reference: { value: 0, source: "exact, but for rounding" } } : {}) }, errors[c]!)),
        ...depths.slice(0, 2).map((depth) => overSeeds({ id: `last-${depth}`, label: `last token after ${depth} causal layer${depth > 1 ? "s" : ""}, those before it permuted`, unit: "1", ...(depth === 1 ? { reference: { value: 0, source: "one layer sees a set of those before it" } } : {}) }, byDepth[1]!.map((line) => line[depth - 1]!))),
        overSeeds({ id: "unrelated", label: "distance of the outputs of two unrelated sequences", unit: "1" }, unrelated),
      ],
      figures: [
        {
          kind: "bars",
          title: "Error under a permutation of the tokens",
          y: { label: "‖f(PX) − P f(X)‖ / ‖f(X)‖", unit: "" },
          categories: cases.map(({ name }) => name),
          bars: [
            barOverSeeds("transformer", errors),
            { name: "unrelated outputs", role: "null", values: cases.map(() => mean(unrelated)) },
          ],
        },
        {
          kind: "lines",
          title: "The last token, when those before it change places",
          x: { label: "after layer", unit: "" },
          y: { label: "relative change", unit: "" },
          lines: [lineOverSeeds("causal mask", depths, byDepth[1]!), lineOverSeeds("no mask", depths, byDepth[0]!), { name: "a function of the set", role: "theory", x: depths, y: depths.map(() => 0) }],
        },
      ],
    };
  },

  judge(evidence, { rounding = NaN }) {
    const [bidirectional, causal] = [valueOf(evidence, "bidirectional"), valueOf(evidence, "causal")];
    const sets = [bidirectional, causal].filter((error) => error <= rounding).length;
    return {
      verdict: sets === 2 ? "supports" : sets === 0 ? "refutes" : "mixed",
      reason: `Without positions the order of the tokens changes the output by ${digits(bidirectional)} of its norm without a mask, by ${digits(causal)} with the causal one (a set: at most ${digits(rounding)}).`,
    };
  },
};

/** [B, T, …] with token `order[t]` at t. Consumes x. */
function permuted(x: np.Array, order: readonly number[]): np.Array {
  return np.take(x, np.array(Int32Array.from(order)), 1);
}

/** ‖a − b‖ / ‖b‖. Consumes both. */
function distance(a: np.Array, b: np.Array): number {
  const [{ data: left }, { data: right }] = [toTensor(a), toTensor(b)];
  return Math.hypot(...left.map((value, i) => value - right[i]!)) / Math.hypot(...right);
}
