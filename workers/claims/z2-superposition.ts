/** Z2: whether a latent thought holds A and B at once until the end, and whether that needs training. */
import { logSoftmax } from "../../probes/lens/softmax.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { reachability } from "../../probes/tasks/reachability.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { Thought } from "../../probes/trace.ts";
import { decode } from "../decoding/decode.ts";
import { isCorrect } from "../decoding/grading.ts";
import { prepare } from "../decoding/prepare.ts";
import { requestFor } from "../decoding/request.ts";
import { Pulse } from "../decoding/stopping.ts";
import type { Decoder } from "../engine.ts";
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { percent } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";
import { type Count, firstProblem, rate, rateDifference, rates } from "./apparatus/problem-sets.ts";

const levels = 3;
/** Two letters out of 26, as a token distribution that knows nothing would weigh them. */
const even = 2 / 26;
/** The ways of thinking that are compared: trained, training-free, and with the superposition taken away. */
const kinds = ["hidden", "soft", "argmax"] as const;
type Kind = (typeof kinds)[number];
const names: Readonly<Record<Kind, string>> = { hidden: "its own state, as trained", soft: "soft thinking, without training", argmax: "snapped to one token" };

export const claim: Claim = {
  id: "Z2",
  system: "latent-cot",
  title: "Can a thought be A and B at once until the end?",
  statement: {
    en: "In latent space the model can keep a superposition, both A and B, and collapse to a discrete output only at the last moment of reasoning.",
    zh: "在 Latent Space 中，模型可以维持既是A又是B的叠加态，直到推理的最后一刻才坍缩为离散输出。",
  },
  expectation: {
    verdict: "mixed",
    text: "A small model that was trained for it holds whole frontiers in one thought. Training-free mixtures, and large models fine-tuned to think in vectors, mostly collapse to one token or find shortcuts around them. So: in principle yes, in practice seldom.",
    sources: [
      { text: "Zhu et al. 2025, arXiv:2505.12514: frontiers in superposition, 2 layers trained from scratch" },
      { text: "Against: arXiv:2604.06374 (fine-tuned and training-free thoughts collapse) and arXiv:2508.03440 (soft thinking is close to greedy)" },
    ],
  },
  data: "Reachability of 3 levels, asked late: the two candidates come after the thinking, so that each thought has to hold both letters of its level.",
  model: "nano, the embedded model, which was trained to feed its own state back on this task.",
  measurement: "Read-out of each thought, softmax(head · v): the mass on its level's two letters, and on the lesser of the two. Then accuracy with the trained thought, with soft thinking (the mean of the likeliest tokens' embeddings, a superposition that nobody trained), and with the thought snapped to its likeliest token. What snapping costs is what the superposition was good for; Newcombe's intervals.",
  rule: "trained: at the last level the lesser letter holds at least `lesser`, and the trained thought beats the snapped one by at least `needed`. training-free: soft thinking beats the snapped thought by at least `needed`. supports: both hold, by the lower ends of the intervals. refutes: neither does, by an upper end below the threshold. mixed: one holds, or the intervals leave it open.",
  thresholds: {
    lesser: { value: 0.25, unit: "1", meaning: "read-out mass of the lesser letter at the last level, at least" },
    needed: { value: 0.15, unit: "1", meaning: "share of right answers above the snapped thought's, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 2,
  recorded: true,
  usesEmbeddedModel: true,
  doesNotShow: "That large models think so: this one is small, and was trained with the frontier as its target. Being readable is no proof of being used, hence the snapped control; that soft thinking fails here does not mean that it fails in models of language.",
  wouldChange: "A model whose soft thinking keeps what its mixture holds; or one that answers as well with one token per thought.",
  sabotage: { what: "The trained thoughts are swapped for those of another problem.", verdict: "refutes" },

  run: (context) => measure(context, { problems: context.size === "full" ? 300 : 30 }),

  judge(evidence, { lesser: least = NaN, needed = NaN }) {
    const [lesser, trained, free] = ["lesser-last", "gap-hidden", "gap-soft"].map((id) => evidence.quantities.find((quantity) => quantity.id === id)!);
    const holds = (lesser!.low ?? lesser!.value) >= least && trained!.low! >= needed;
    const freeHolds = free!.low! >= needed;
    const neither = ((lesser!.high ?? lesser!.value) < least || trained!.high! < needed) && free!.high! < needed;
    const points = (share: number): string => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(0)} points`;
    const numbers = `at the last level the lesser letter holds ${percent(lesser!.value)} of the thought; against one token per thought the trained loop gains ${points(trained!.value)} of right answers, soft thinking ${points(free!.value)}`;
    if (holds && freeHolds) return { verdict: "supports", reason: `Superposition, with and without training: ${numbers}.` };
    if (holds || freeHolds) return { verdict: "mixed", reason: `Superposition ${holds ? "where it was trained, and not without" : "without training only"}: ${numbers}.` };
    if (neither) return { verdict: "refutes", reason: `No superposition that is used: ${numbers}.` };
    return { verdict: "mixed", reason: `Too near the thresholds to tell: ${numbers}.` };
  },
};

/** @param problems  of each seed's set */
export async function measure(context: ClaimContext, { problems }: { readonly problems: number }): Promise<Evidence> {
  const { seeds, progress, sabotaged } = context;
  const decoder = await context.embeddedModel();
  const counts: Record<Kind, { correct: number; answered: number }> = { hidden: { correct: 0, answered: 0 }, soft: { correct: 0, answered: 0 }, argmax: { correct: 0, answered: 0 } };
  /** By seed, then level: means over problems, of both letters and of the lesser one. */
  const masses: { both: number[][]; lesser: number[][] } = { both: [], lesser: [] };
  const pulse = new Pulse(new AbortController().signal);
  for (const [s, seed] of seeds.entries()) {
    const seen = perLevel();
    for (let i = 0; i < problems; i++) {
      await progress((s + i / problems) / seeds.length, `problem ${s * problems + i + 1} of ${seeds.length * problems}, in three ways`);
      const problem = reachability.draw(firstProblem(seed) + i, { difficulty: levels, shots: 0, variant: null });
      // The prompt is the same for all, and goes through the network once.
      let cached: readonly number[] = [];
      for (const kind of kinds) {
        const thought: Thought = kind === "hidden" && sabotaged ? "swapped" : kind;
        const request = requestFor(reachability, problem, "latent", { thought, shots: 0, capture: false, kept: 1 });
        const read: Tensor[] = [];
        const prepared = prepare(decoder, request);
        const { text } = await decode(decoder, request, prepared, { capture: false, cached, pulse, observe: ({ fed }) => void (fed && "reads" in fed && read.push(fed.reads)) });
        cached = prepared.tokens;
        counts[kind].answered++;
        if (isCorrect(request, text)) counts[kind].correct++;
        if (kind !== "hidden") continue;
        for (const [c, level] of problem.frontier.entries()) {
          if (!read[c]) continue;
          const letters = await massOf(decoder, read[c], level);
          seen.both[c]!.push(letters.reduce((a, b) => a + b, 0));
          seen.lesser[c]!.push(Math.min(...letters));
        }
      }
    }
    masses.both.push(seen.both.map((values) => mean(values)));
    masses.lesser.push(seen.lesser.map((values) => mean(values)));
  }
  await progress(1, "counting");
  const rights = (kind: Kind): Count => counts[kind];
  const shares = rates(kinds.map(rights));
  const x = Array.from({ length: levels }, (_, c) => c + 1);
  const last = levels - 1;
  return {
    quantities: [
      { ...overSeeds({ id: "lesser-last", label: `mass on the lesser letter, level ${levels}`, unit: "1", reference: { value: 0.5, source: "two letters held evenly" } }, masses.lesser.map((row) => row[last]!)), n: seeds.length * problems },
      { ...overSeeds({ id: "both-last", label: `mass on both letters, level ${levels}`, unit: "1", reference: { value: even, source: "mass spread evenly over 26 letters" } }, masses.both.map((row) => row[last]!)), n: seeds.length * problems },
      rateDifference("gap-hidden", "right answers, trained thought − snapped", rights("hidden"), rights("argmax")),
      rateDifference("gap-soft", "right answers, soft thinking − snapped", rights("soft"), rights("argmax")),
      rate("right-hidden", `right answers, ${names.hidden}`, rights("hidden")),
      rate("right-soft", `right answers, ${names.soft}`, rights("soft")),
      rate("right-argmax", `right answers, ${names.argmax}`, rights("argmax"), { value: 0.5, source: "a blind guess between two candidates; one path and a guess: at most .75" }),
    ],
    figures: [
      {
        kind: "lines",
        title: "What a thought holds, level by level",
        x: { label: "level", unit: "" },
        y: { label: "share of the read-out", unit: "1" },
        lines: [
          lineOverSeeds("both letters of its level", x, masses.both),
          lineOverSeeds("the lesser of the two", x, masses.lesser),
          { name: "two letters, held evenly: the lesser", role: "theory", x, y: x.map(() => 0.5) },
          { name: "two of 26 letters, evenly", role: "null", x, y: x.map(() => even) },
        ],
      },
      {
        kind: "bars",
        title: "Is it needed? Right answers by way of thinking",
        y: { label: "share right", unit: "1" },
        categories: kinds.map((kind) => names[kind]),
        bars: [
          { name: "right", values: shares.y, low: shares.low, high: shares.high },
          { name: "blind guess", role: "null" as const, values: kinds.map(() => 0.5) },
        ],
      },
    ],
  };
}

function perLevel(): { both: number[][]; lesser: number[][] } {
  return { both: Array.from({ length: levels }, () => []), lesser: Array.from({ length: levels }, () => []) };
}

/** What a thought's read-out gives to each of these letters. */
async function massOf(decoder: Decoder, thought: Tensor, letters: readonly string[]): Promise<number[]> {
  const logprobs = logSoftmax((await decoder.unembed(thought)).data);
  return letters.map((letter) => Math.exp(logprobs[decoder.tokenizer.encode(letter)[0]!]!));
}
