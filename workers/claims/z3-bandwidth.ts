/** Z3: how much more than a token a latent thought carries: as a bound, and in use. */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { reachability } from "../../probes/tasks/reachability.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { effectiveBits, halvingNoise } from "../../probes/thoughts/effective-bits.ts";
import { largest } from "../decoding/readout.ts";
import type { Decoder } from "../engine.ts";
import { type Claim, type ClaimContext, type Evidence, valueOf } from "./claim.ts";
import { LatentWalker, noisy } from "./apparatus/latent-walk.ts";
import { overSeeds } from "./apparatus/over-seeds.ts";
import { type Count, firstProblem, rates } from "./apparatus/problem-sets.ts";

const levels = 3;
const chance = 1 / 2;
/** Noise over the length of the thought. */
const sigmas = [0, 0.4, 0.8, 1, 1.2, 1.6, 2];
/** Of the letters, two are on each level. */
const pairs = (26 * 25) / 2;

export const claim: Claim = {
  id: "Z3",
  system: "latent-cot",
  title: "Does a latent thought carry far more than a token?",
  statement: {
    en: "A token carries log₂|V| bits; a d-dimensional FP16 vector can in theory carry far more. Latent CoT uses this broad channel for complex states of reasoning.",
    zh: "一个 Token 只能传递 log₂∥V∥ bits 的信息……而一个 d 维 FP16 向量理论上可以传递的信息量远超于此。Latent CoT 利用了这个高维宽带通道来传递复杂的推理状态。",
  },
  expectation: {
    verdict: "mixed",
    text: "As a bound it is arithmetic: 16 bits times the dimensions. What a model can use of it is limited by how far thoughts differ and how exactly they are read, and that should be tens of bits, not thousands.",
    sources: [
      { text: "Arithmetic; the bound of parallel Gaussian channels: Shannon 1949" },
      { text: "arXiv:2512.21711: latent tokens may be placeholders" },
    ],
  },
  data: "Reachability of 3 levels, asked late: each thought has to hold the two letters of its level, log₂ 325 = 8.3 bits.",
  model: "nano, the embedded model: 64 tokens, 96 dimensions, trained to feed its own state back.",
  measurement: "Usable bits from above: ½ Σ log₂(1 + λᵢ/σ²), λᵢ the variances of the last thought across problems and σ the noise per coordinate that halves the accuracy above chance; mean over seeds. From below: how often the two likeliest letters of its read-out are the right two, as bits by Fano's inequality. Where the answers are no better than chance, nothing is usable.",
  rule: "supports: usable bits (from above) are at least `far` times a token's, by the lower end of their interval. refutes: they are at most `same` times a token's, by the upper end. mixed: in between.",
  thresholds: {
    far: { value: 10, unit: "1", meaning: "usable bits over log₂ V that count as far more" },
    same: { value: 1, unit: "1", meaning: "usable bits over log₂ V that count as no more" },
  },
  seeds: [1, 2, 3],
  seconds: 2,
  recorded: true,
  usesEmbeddedModel: true,
  doesNotShow: "What large models use: theirs have a thousand dimensions and more, and tasks that may need more bits. nano was trained on thoughts of 8 bits and had no reason to carry more. Bits from above are those of a Gaussian channel, and grow with the number of problems.",
  wouldChange: "A task whose thoughts need tens of bits, and a model trained on it that carries them.",
  sabotage: { what: "The thoughts are swapped for those of another problem, so that the answer can use none of them.", verdict: "refutes" },

  run: (context) => measure(context, { problems: context.size === "full" ? 300 : 40, levels: sigmas }),

  judge(evidence, { far = NaN, same = NaN }) {
    const [token, bound, read] = [valueOf(evidence, "token"), valueOf(evidence, "bound"), valueOf(evidence, "read")];
    const { value: usable, low = usable, high = usable } = evidence.quantities.find(({ id }) => id === "usable")!;
    const numbers = `a token carries ${token.toFixed(0)} bits and 96 numbers of 16 bits could hold ${bound.toFixed(0)}; through the noise that a thought bears at most ${usable.toFixed(1)} of them get, and ${read.toFixed(1)} can be read off`;
    if (low >= far * token) return { verdict: "supports", reason: `Far more, also in use: ${numbers}.` };
    if (high <= same * token) return { verdict: "refutes", reason: `No more in use: ${numbers}.` };
    return { verdict: "mixed", reason: `More, though not by far: ${numbers}.` };
  },
};

/**
 * @param problems  of each seed's set
 * @param levels    of noise, rising from 0
 */
export async function measure(context: ClaimContext, { problems, levels: noises }: { readonly problems: number; readonly levels: readonly number[] }): Promise<Evidence> {
  const { seeds, progress, sabotaged } = context;
  const decoder = await context.embeddedModel();
  const { hiddenSize, vocabSize } = decoder.spec;
  const usable: number[] = [];
  const halves: number[] = [];
  const readable: number[] = [];
  const totals = noises.map(() => ({ correct: 0, answered: 0 }));
  for (const [s, seed] of seeds.entries()) {
    const counts = noises.map(() => ({ correct: 0, answered: 0 }));
    const last: Tensor[] = [];
    let readRight = 0;
    for (let i = 0; i < problems; i++) {
      await progress((s + i / problems) / seeds.length, `problem ${s * problems + i + 1} of ${seeds.length * problems}`);
      const problemSeed = firstProblem(seed) + i;
      const problem = reachability.draw(problemSeed, { difficulty: levels, shots: 0, variant: null });
      const foreign = sabotaged ? await thoughtsOf(decoder, problemSeed + 5000) : null;
      const walker = await LatentWalker.read(decoder, reachability, problem);
      for (const [k, sigma] of noises.entries()) {
        const random = new Random(problemSeed).fork(`noise ${sigma}`);
        const { right, fed } = await walker.walk((hidden, index) => noisy(foreign?.[index] ?? hidden, sigma, random));
        counts[k]!.answered++;
        if (right) counts[k]!.correct++;
        if (sigma === 0) {
          last.push(fed[levels - 1]!);
          if (await readsAs(decoder, fed[levels - 1]!, problem.frontier[levels - 1]!)) readRight++;
        }
      }
    }
    counts.forEach(({ correct, answered }, k) => {
      totals[k]!.correct += correct;
      totals[k]!.answered += answered;
    });
    const thoughts = tensor([problems, hiddenSize], Float32Array.from(last.flatMap(({ data }) => [...data])));
    const half = answersDependOnThoughts(counts[0]!) ? halvingNoise(noises, rates(counts).y, chance) : NaN;
    const length = mean(last.map(({ data }) => Math.hypot(...data)));
    halves.push(half);
    usable.push(Number.isNaN(half) ? 0 : effectiveBits(thoughts, (half * length) / Math.sqrt(hiddenSize)));
    readable.push(fano(readRight / problems));
  }
  await progress(1, "counting");
  const token = Math.log2(vocabSize);
  const n = seeds.length * problems;
  return {
    quantities: [
      { id: "token", label: `a token, log₂ ${vocabSize}`, value: token, unit: "bits", reference: { value: 17.2, source: "log₂ 151 936, the vocabulary of Qwen" } },
      { id: "bound", label: `the bound, ${hiddenSize} numbers of 16 bits`, value: 16 * hiddenSize, unit: "bits", reference: { value: 16384, source: "1024 dimensions in FP16" } },
      { ...overSeeds({ id: "usable", label: "usable, from above: Gaussian channel at the noise that halves the accuracy", unit: "bits" }, usable), n },
      { ...overSeeds({ id: "read", label: "read off, from below: Fano's bound on the two letters", unit: "bits", reference: { value: Math.log2(pairs), source: "log₂ 325, two letters out of 26" } }, readable), n },
      { ...overSeeds({ id: "half", label: "noise that halves the accuracy above chance, over the thought's length", unit: "1" }, halves), n },
    ],
    figures: [
      {
        kind: "bars",
        title: "Bits of a thought",
        y: { label: "bits", unit: "", log: true },
        categories: ["a token", "read off", "usable at most", "could be held"],
        bars: [{ name: "bits", values: [token, mean(readable), mean(usable), 16 * hiddenSize].map((bits) => (bits > 0 ? bits : NaN)) }],
      },
      {
        kind: "lines",
        title: "How exactly are thoughts read? Right answers as noise grows",
        x: { label: "noise σ, over the thought's length", unit: "" },
        y: { label: "share right", unit: "1" },
        lines: [
          { name: "latent loop with noise", x: noises, ...rates(totals) },
          { name: "blind guess", role: "null", x: noises, y: noises.map(() => chance) },
        ],
      },
    ],
  };
}

/** The thoughts of another problem. */
async function thoughtsOf(decoder: Decoder, seed: number): Promise<readonly Tensor[]> {
  const walker = await LatentWalker.read(decoder, reachability, reachability.draw(seed, { difficulty: levels, shots: 0, variant: null }));
  return (await walker.walk()).fed;
}

/** Whether the two likeliest tokens of a thought's read-out are these letters. */
async function readsAs(decoder: Decoder, thought: Tensor, letters: readonly string[]): Promise<boolean> {
  const { data } = await decoder.unembed(thought);
  const read = new Set(largest(data, letters.length).map((token) => decoder.tokenizer.text(token)));
  return letters.every((letter) => read.has(letter));
}

/** Whether the accuracy without noise lies above chance, by its Wilson interval. */
function answersDependOnThoughts(count: Count): boolean {
  return rates([count]).low[0]! > chance;
}

/**
 * The least information, bits, that a read-out with this share of right pairs carries:
 * log₂ M − H(e) − e log₂(M − 1) for M pairs, alike in probability, and errors e.
 *
 * Source: Fano 1961; Cover & Thomas 2006, theorem 2.10.1.
 */
export function fano(right: number): number {
  const wrong = 1 - right;
  const entropy = [right, wrong].reduce((sum, p) => sum - (p > 0 ? p * Math.log2(p) : 0), 0);
  return Math.max(0, Math.log2(pairs) - entropy - wrong * Math.log2(pairs - 1));
}
