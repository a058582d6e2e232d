/**
 * P2: do the k largest edges keep what is useful?
 *
 * A context of facts, one token for each (key, value), all keys different; then
 * questions of two kinds. "Which value has key q?" needs one edge, to the fact with
 * that key: the oracle edge. "Which value is most frequent?" needs the edges to all
 * facts. A transformer of one block learns both with dense attention; then each query
 * keeps the k keys of largest score only.
 *
 * The essay calls these k the neighbours on the manifold. So there is also the recall
 * of the k nearest neighbours in the hidden space itself, by |x_t − x_s|.
 */
import { mean } from "../../probes/statistics/moments.ts";
import { Random } from "../../probes/random.ts";
import { dispose, integers, np } from "../toys/autodiff.ts";
import { adam, cosine, warmup } from "../toys/optimiser.ts";
import { sparseAttention, type Selection } from "../toys/sparse-attention.ts";
import { Training } from "../toys/training.ts";
import { attentionScores, initialAttention, mergeHeads, mix, splitHeads, type Attention } from "../toys/transformer.ts";
import { attentionModel, initialAttentionModel, plainAttention, type Attended, type AttentionModel } from "./apparatus/attention-model.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { shareLineOverSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { argmaxRows, crossEntropy, evaluate } from "./apparatus/training.ts";

export interface P2Size {
  readonly steps: number;
  readonly batch: number;
  /** Sequences in the test. */
  readonly tests: number;
  /** The k that are tried; the verdict's and all of them among them. */
  readonly budgets: readonly number[];
}

/** Facts in the context, each with a key of its own, out of as many keys. */
const facts = 16;
const values = 4;
/** Questions about keys, and one about the most frequent value. */
const lookups = 3;
const T = facts + lookups + 1;
const [heads, hiddenSize] = [2, 32];
/** k that the verdict is about: a quarter of the facts. */
const budget = 4;
export const budgets = [1, 2, 3, 4, 6, 8, 12, 16, T];

export const sizes: Record<"live" | "full", P2Size> = {
  live: { steps: 300, batch: 64, tests: 200, budgets },
  full: { steps: 600, batch: 64, tests: 500, budgets },
};

const ids = { fact: (key: number, value: number): number => key * values + value, lookup: (key: number): number => facts * values + key, majority: facts * values + facts };

/** One sequence: facts, then questions; `answer` and `fact` of each question, in order. */
export interface Sequence {
  readonly tokens: readonly number[];
  readonly answers: readonly number[];
  /** Place of the fact that answers, −1 for the question about all. */
  readonly places: readonly number[];
}

export function drawSequence(random: Random): Sequence {
  for (;;) {
    const order = random.shuffle(Array.from({ length: facts }, (_, key) => key));
    const value = order.map(() => random.integer(values));
    const counts = Array.from({ length: values }, (_, v) => value.filter((x) => x === v).length);
    const most = Math.max(...counts);
    if (counts.filter((count) => count === most).length > 1) continue;
    const asked = random.shuffle(order).slice(0, lookups);
    const questions = random.shuffle([...asked.map((key) => ({ token: ids.lookup(key), place: order.indexOf(key) })), { token: ids.majority, place: -1 }]);
    return {
      tokens: [...order.map((key, i) => ids.fact(key, value[i]!)), ...questions.map(({ token }) => token)],
      answers: questions.map(({ place }) => (place < 0 ? counts.indexOf(most) : value[place]!)),
      places: questions.map(({ place }) => place),
    };
  }
}

export const claim: Claim = {
  id: "P2",
  system: "sparse-attention",
  title: "Do the k largest edges of attention keep what is useful?",
  statement: {
    en: "If tokens lie on a low-dimensional manifold, the most useful information mostly comes from neighbours on it, or from a few shortcuts; so top-k or kNN sparsity keeps for each query only the k edges of largest similarity.",
    zh: "最有效的信息往往来自于流形上的近邻或少数跨区捷径……只保留每个 query 的 k 条最大相似度边（流形近邻）",
  },
  expectation: {
    verdict: "mixed",
    text: "Looking one thing up needs few edges, and attention finds them. Counting needs all: with few edges it falls. And the edges of largest score are neighbours by a learnt product, not by distance in the hidden space.",
    sources: [{ text: "Gupta et al. 2021, arXiv:2106.06899: top-k scores in place of all, accuracy nearly identical without training for it" }, { text: "Tang et al. 2024, arXiv:2406.10774: Quest, a few pages of keys chosen by the query" }, { text: "Yuan et al. 2025, arXiv:2502.11089: NSA, a selection that is trained along" }],
  },
  data: `${facts} facts (key, value) in random order, all keys different, ${values} values; then ${lookups} questions about a key and one about the most frequent value, in random order.`,
  model: `Transformer, one block, hidden size ${hiddenSize}, ${heads} heads, trained with dense attention (Adam, learning rate 0.01 falling to 0 along a cosine); tested with top-k attention, the softmax over the k keys of largest score.`,
  measurement: `Accuracy on both kinds of question, by k. Recall of the oracle edge: how often at least one head has the fact asked for among its k keys of largest score; beside it the same for k keys at random in each head. And how often the fact is among the k nearest hidden states (inputs of attention, Euclidean distance), beside k others at random.`,
  rule: `At k = ${budget}, means over seeds. Look-up is kept if the recall is at least \`recall\` and accuracy at most \`drop\` below dense attention; counting is kept if its accuracy is at most \`drop\` below. Both: supports. Look-up only: mixed. Not even look-up: refutes. If dense attention answers fewer than \`learnt\` of the look-ups, nothing is decided: mixed.`,
  thresholds: {
    recall: { value: 0.95, unit: "1", meaning: "least share of oracle edges among the k largest" },
    drop: { value: 0.05, unit: "1", meaning: "largest loss of accuracy against dense attention" },
    learnt: { value: 0.9, unit: "1", meaning: "least accuracy of dense attention on look-ups" },
  },
  seeds: [1, 2, 3],
  seconds: 22,
  recorded: true,
  doesNotShow: "How few edges a language model needs: here it is known which edge is useful, and the model is trained densely. A model trained with top-k may learn to count in other ways.",
  wouldChange: "A choice that does not follow the scores: in the sabotaged run the k smallest are kept, and look-ups fail. Tasks that only look up would make it support, tasks that only count refute.",
  sabotage: { what: "The k keys of smallest score are kept in place of the largest.", verdict: "refutes" },

  run: (context) => experiment(context, sizes[context.size]),

  judge(evidence, { recall = NaN, drop = NaN, learnt = NaN }) {
    const [found, lookup, dense, count, counted] = ["recall", "lookup", "lookup-dense", "majority", "majority-dense"].map((id) => valueOf(evidence, id)) as [number, number, number, number, number];
    const reason = `With ${budget} of up to ${T} edges: the useful one is kept in ${found.toFixed(2)} of look-ups, accuracy ${lookup.toFixed(2)} (dense ${dense.toFixed(2)}); counting ${count.toFixed(2)} (dense ${counted.toFixed(2)}).`;
    if (!(dense >= learnt)) return { verdict: "mixed", reason: `The model did not learn to look up, so nothing is decided. ${reason}` };
    const keepsLookup = found >= recall && dense - lookup <= drop;
    return { verdict: !keepsLookup ? "refutes" : counted - count <= drop ? "supports" : "mixed", reason };
  },
};

/** What one seed gave, by k in the order of the size's budgets. */
interface Result {
  readonly lookup: readonly number[];
  readonly majority: readonly number[];
  readonly byScore: readonly number[];
  readonly byDistance: readonly number[];
  /** By chance, in at least one of the heads. */
  readonly chance: readonly number[];
  /** By chance, in one ranking of all other tokens. */
  readonly chanceOnce: readonly number[];
}

export async function experiment({ seeds, sabotaged, progress }: Pick<ClaimContext, "seeds" | "sabotaged" | "progress">, size: P2Size): Promise<Evidence> {
  const { budgets } = size;
  const runs: Result[] = [];
  for (const [s, seed] of seeds.entries()) runs.push(await oneSeed(seed, size, sabotaged, (done, what) => progress((s + done) / seeds.length, `seed ${seed}: ${what}`)));
  await progress(1, "done");
  const at = (name: keyof Result, k: number): number[] => runs.map((run) => run[name][budgets.indexOf(k)]!);
  const line = (label: string, name: keyof Result, role: "measured" | "null" = "measured") => shareLineOverSeeds(label, budgets, runs.map((run) => run[name]), role);
  const quantity = (id: string, label: string, found: readonly number[]) => shareOverSeeds({ id, label, unit: "1" }, found);
  return {
    quantities: [
      quantity("recall", `oracle edges among the ${budget} of largest score`, at("byScore", budget)),
      quantity("recall-distance", `oracle edges among the ${budget} nearest hidden states`, at("byDistance", budget)),
      quantity("recall-chance", `oracle edges among ${budget} keys at random, in at least one head`, at("chance", budget)),
      quantity("recall-distance-chance", `oracle edges among ${budget} other tokens at random`, at("chanceOnce", budget)),
      quantity("lookup", `accuracy of look-ups, ${budget} edges`, at("lookup", budget)),
      quantity("lookup-dense", "accuracy of look-ups, dense", at("lookup", T)),
      quantity("majority", `accuracy of counting, ${budget} edges`, at("majority", budget)),
      quantity("majority-dense", "accuracy of counting, dense", at("majority", T)),
    ],
    figures: [
      {
        kind: "lines",
        title: "Accuracy by the number of edges that a query keeps",
        x: { label: "edges kept k", unit: "", log: true },
        y: { label: "share of right answers", unit: "" },
        lines: [
          line("which value has this key?", "lookup"),
          line("which value is most frequent?", "majority"),
          { name: "guessing", role: "null", x: budgets, y: budgets.map(() => 1 / values) },
        ],
      },
      {
        kind: "lines",
        title: "Is the useful edge among them?",
        x: { label: "edges kept k", unit: "", log: true },
        y: { label: "recall of the oracle edge", unit: "" },
        lines: [line("k largest scores, in one of two heads", "byScore"), line("k nearest hidden states", "byDistance"), line("k keys at random, in one of two heads", "chance", "null"), line("k others at random", "chanceOnce", "null")],
      },
    ],
    remarks: [`${size.steps} steps with ${size.batch} sequences, ${size.tests} sequences in the test.`],
  };
}

/** Top-k attention; of the k smallest scores where it is reversed. */
function attend(p: Attention, x: np.Array, k: number, reversed: boolean): Attended {
  const selection: Selection = { by: "score", k };
  if (!reversed) {
    const { output, pattern, ...rest } = sparseAttention(p, x, { heads, selection });
    return { output, pattern, rest };
  }
  const { selected, ...others } = sparseAttention({ query: p.query.ref.mul(-1), key: p.key.ref, value: p.value.ref, output: p.output.ref }, x.ref, { heads, selection });
  dispose(others);
  const scores = attentionScores(splitHeads(np.matmul(x.ref, p.query), heads), splitHeads(np.matmul(x.ref, p.key), heads));
  const { pattern, heads: brought } = mix(scores, splitHeads(np.matmul(x, p.value), heads), selected.notEqual(0));
  return { output: np.matmul(mergeHeads(brought), p.output), pattern, rest: [] };
}

async function oneSeed(seed: number, { steps, batch, tests, budgets }: P2Size, sabotaged: boolean, progress: (done: number, what: string) => Promise<void>): Promise<Result> {
  const random = new Random(seed);
  const questions = lookups + 1;
  const tokensOf = (all: readonly Sequence[]): np.Array => integers(all.flatMap(({ tokens }) => tokens), [all.length, T]);
  const training = new Training({
    parameters: initialAttentionModel(random.fork("weights"), { vocabSize: ids.majority + 1, classes: values, hiddenSize, layers: 1, contextLength: T }, (random) => initialAttention(random, hiddenSize, heads)),
    loss: (p: AttentionModel<Attention>, { tokens, answers }: { tokens: np.Array; answers: np.Array }) => {
      const { logits, ...inner } = attentionModel(p, tokens, plainAttention(heads));
      dispose(inner);
      return crossEntropy(logits.slice([], [facts, T]), answers);
    },
    batch: (random) => {
      const drawn = Array.from({ length: batch }, () => drawSequence(random));
      return { tokens: tokensOf(drawn), answers: integers(drawn.flatMap(({ answers }) => answers), [batch, questions]) };
    },
    optimiser: adam({ rate: warmup(0.01, 20, cosine(0.01, steps)), beta2: 0.98 }),
    seed,
  });
  for await (const { step, loss } of training.run(steps)) if (step % 10 === 0) await progress((0.9 * step) / steps, `step ${step} of ${steps}, loss ${loss.toFixed(2)}`);

  const testRandom = random.fork("test");
  const test = Array.from({ length: tests }, () => drawSequence(testRandom));
  const tokens = tokensOf(test);
  const answers = test.flatMap((sequence) => sequence.answers);
  const isLookup = test.flatMap(({ places }) => places.map((place) => place >= 0));
  const accuracy = (k: number): { lookup: number; majority: number } => {
    const [logits] = evaluate(training.parameters, (p, x) => {
      const { logits, ...inner } = attentionModel(p, x, (p, x) => attend(p, x, k, sabotaged));
      dispose(inner);
      return [logits.slice([], [facts, T])];
    }, tokens.ref);
    const given = argmaxRows(logits!);
    const right = answers.map((answer, i) => Number(given[i] === answer));
    return { lookup: mean(right.filter((_, i) => isLookup[i])), majority: mean(right.filter((_, i) => !isLookup[i])) };
  };
  const accuracies: { lookup: number; majority: number }[] = [];
  for (const [i, k] of budgets.entries()) {
    await progress(0.9 + (0.08 * i) / budgets.length, `${k} edges`);
    accuracies.push(accuracy(k));
  }

  const [pattern, input] = evaluate(training.parameters, (p, x) => {
    const { patterns, inputs, ...others } = attentionModel(p, x, plainAttention(heads));
    dispose(others);
    return [patterns[0]!, inputs[0]!];
  }, tokens);
  const recalls = edgeRecalls(test, pattern!.data, input!.data, sabotaged, budgets);
  training.dispose();
  return { lookup: accuracies.map(({ lookup }) => lookup), majority: accuracies.map(({ majority }) => majority), ...recalls };
}

/**
 * Recall of the oracle edges by k: among the k largest entries of the pattern in at
 * least one head, among the k nearest inputs, and both by chance.
 *
 * @param pattern   [B, H, T, T]
 * @param input     [B, T, D]
 * @param reversed  the smallest entries in place of the largest
 * @param ks        the k
 */
export function edgeRecalls(test: readonly Sequence[], pattern: Float32Array, input: Float32Array, reversed: boolean, ks: readonly number[] = budgets): Pick<Result, "byScore" | "byDistance" | "chance" | "chanceOnce"> {
  const D = input.length / (test.length * T);
  const edges = test.flatMap(({ places }, b) => places.flatMap((place, q) => (place < 0 ? [] : [{ b, t: facts + q, place }])));
  const entry = (b: number, h: number, t: number, s: number): number => pattern[((b * heads + h) * T + t) * T + s]!;
  /** How many others come before the oracle edge. */
  const before = (t: number, place: number, size: (s: number) => number): number => {
    let count = 0;
    for (let s = 0; s <= t; s++) if (s !== place && size(s) > size(place)) count++;
    return count;
  };
  const byScore = edges.map(({ b, t, place }) => Math.min(...Array.from({ length: heads }, (_, h) => before(t, place, (s) => (reversed ? -1 : 1) * entry(b, h, t, s)))));
  const byDistance = edges.map(({ b, t, place }) =>
    before(t, place, (s) => {
      // The query itself, at distance 0, is no neighbour.
      if (s === t) return -Infinity;
      let square = 0;
      for (let d = 0; d < D; d++) square += (input[(b * T + t) * D + d]! - input[(b * T + s) * D + d]!) ** 2;
      return -square;
    }));
  const share = (ranks: readonly number[]): number[] => ks.map((k) => mean(ranks.map((rank) => (rank < k ? 1 : 0))));
  return {
    byScore: share(byScore),
    byDistance: share(byDistance),
    chance: ks.map((k) => mean(edges.map(({ t }) => 1 - Math.max(0, 1 - k / (t + 1)) ** heads))),
    chanceOnce: ks.map((k) => mean(edges.map(({ t }) => Math.min(1, k / t)))),
  };
}
