/** Z1b: whether writing thoughts down as tokens loses more than keeping them as vectors does. The embedded model, noise in both channels. */
import { Random } from "../../probes/random.ts";
import { pointerChase } from "../../probes/tasks/pointer-chase.ts";
import { reachability } from "../../probes/tasks/reachability.ts";
import type { Task } from "../../probes/tasks/task.ts";
import type { Tensor } from "../../probes/tensor.ts";
import { largest } from "../decoding/readout.ts";
import type { Decoder } from "../engine.ts";
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { LatentWalker, noisy } from "./apparatus/latent-walk.ts";
import { type Count, firstProblem, rate, rateDifference, rates } from "./apparatus/problem-sets.ts";

/** Noise over the length of the thought. */
const sigmas = [0, 0.25, 0.5, 0.75, 1, 1.25];
/** At which the channels are compared; the last is where the latent one has lost most. */
const loud = 1;
const walks = [
  { task: pointerChase as Task, difficulty: 6, name: "pointer chase, 6 hops", chance: 1 / 15 },
  { task: reachability as Task, difficulty: 3, name: "reachability, 3 levels", chance: 1 / 2 },
] as const;
const channels = ["latent", "token"] as const;

export const claim: Claim = {
  id: "Z1b",
  system: "latent-cot",
  title: "Does a language model lose more by thinking in tokens than in vectors?",
  statement: {
    en: "Tokens force thought through a narrow argmax; this quantisation noise accumulates in long chains and the reasoning drifts.",
    zh: "强迫连续的神经网络信号经过一个低带宽的 Argmax 离散化层……这种量化噪声在长链条推理中会累积，导致推理漂移。",
  },
  expectation: {
    verdict: "mixed",
    text: "Where a step is one symbol, the argmax throws noise away: it is an error-correcting code, and the token channel should win as soon as there is noise. Where a step is a set of symbols, the argmax throws the set away, and the latent channel should win even without noise.",
    sources: [
      { text: "The trade-off between the two is stated in arXiv:2602.01148" },
      { text: "Zhu et al. 2025, arXiv:2505.12514: thoughts that hold a whole frontier" },
    ],
  },
  data: "Pointer chase of 6 hops, where a thought is one letter, and reachability of 3 levels, asked late, where a thought has to hold two letters at once.",
  model: "nano, the embedded model, which was trained to feed its own state back.",
  measurement: "Each thought h is disturbed: h + σ‖h‖/√D ε. The latent channel feeds this back; the token channel feeds back the embedding of the likeliest token that it reads out as. Share of right answers by σ, the same problems and the same noise in both channels; Wilson's intervals. Gap: token − latent, Newcombe's interval.",
  rule: "The token channel loses where the gap's interval lies beyond `margin` on its side, and does not lose where the interval lies above that. Judged in both tasks: pointer chase at σ = 1, reachability at σ = 0. supports: it loses in both. refutes: it loses in neither. mixed: it loses in one, or the intervals leave it open.",
  thresholds: { margin: { value: 0.1, unit: "1", meaning: "a gap smaller than this is none" } },
  seeds: [1, 2, 3],
  seconds: 4,
  recorded: true,
  usesEmbeddedModel: true,
  doesNotShow: "What happens in models that were trained to write, not to feed states back; nor with noise of another kind, such as errors that the model makes itself. Both channels are disturbed on purpose here. That a token costs a long chain nothing is shown for one task only.",
  wouldChange: "A model whose thoughts need several symbols in pointer chase too, or one that needs only one in reachability.",
  sabotage: { what: "The token channel feeds back the second likeliest token in place of the likeliest.", verdict: "supports" },

  run: (context) => measure(context, { problems: context.size === "full" ? 200 : 20, levels: [sigmas, sigmas] }),

  judge(evidence, { margin = NaN }) {
    const [chase, reach] = ["gap-chase", "gap-reach"].map((id) => evidence.quantities.find((quantity) => quantity.id === id)!);
    const losses = [chase!, reach!].map(({ high }) => high! <= -margin);
    const open = [chase!, reach!].some(({ low, high }) => low! <= -margin && high! > -margin);
    const points = (share: number): string => `${share < 0 ? "−" : ""}${Math.abs(100 * share).toFixed(0)}`;
    const side = ({ value, low, high }: { value: number; low?: number; high?: number }): string => {
      const [from, to] = value > 0 ? [low!, high!] : [-high!, -low!];
      return `${value > 0 ? "ahead" : "behind"} by ${points(Math.abs(value))} points (95\u00a0%: ${points(from)} to ${points(to)})`;
    };
    const numbers = `with noise as long as the thought, the token channel is ${side(chase!)} in pointer chase; without noise it is ${side(reach!)} in reachability`;
    if (losses.every(Boolean)) return { verdict: "supports", reason: `Tokens lose in both tasks: ${numbers}.` };
    if (open) return { verdict: "mixed", reason: `Too near the margin to tell: ${numbers}.` };
    if (losses.some(Boolean)) return { verdict: "mixed", reason: `It depends on what a thought has to hold: ${numbers}.` };
    return { verdict: "refutes", reason: `Tokens lose in neither task: ${numbers}.` };
  },
};

/**
 * @param problems  of each seed's set, in each task
 * @param levels    of noise, in each task; 1 among the first, 0 among the second
 */
export async function measure(context: ClaimContext, { problems, levels }: { readonly problems: number; readonly levels: readonly [readonly number[], readonly number[]] }): Promise<Evidence> {
  const { seeds, progress, sabotaged } = context;
  const decoder = await context.embeddedModel();
  const counts = walks.map((_, w) => channels.map(() => levels[w]!.map(() => ({ correct: 0, answered: 0 }))));
  let done = 0;
  const all = seeds.length * problems;
  for (const seed of seeds) {
    for (let i = 0; i < problems; i++) {
      await progress(done / all, `problem ${done + 1} of ${all}, in both tasks and channels`);
      for (const [w, { task, difficulty }] of walks.entries()) {
        const problemSeed = firstProblem(seed) + i;
        const walker = await LatentWalker.read(decoder, task, task.draw(problemSeed, { difficulty, shots: 0, variant: null }));
        for (const [k, sigma] of levels[w]!.entries()) {
          for (const [c, channel] of channels.entries()) {
            // The same noise in both channels.
            const random = new Random(problemSeed).fork(`noise ${sigma}`);
            const { right } = await walker.walk(async (hidden) => {
              const disturbed = noisy(hidden, sigma, random);
              return channel === "latent" ? disturbed : snapped(decoder, disturbed, sabotaged ? 1 : 0);
            });
            const count = counts[w]![c]![k]!;
            count.answered++;
            if (right) count.correct++;
          }
        }
      }
      done++;
    }
  }
  await progress(1, "counting");
  const at = (w: number, c: number, sigma: number): Count => counts[w]![c]![levels[w]!.indexOf(sigma)]!;
  return {
    quantities: [
      rateDifference("gap-chase", `token − latent, pointer chase, σ = ${loud}`, at(0, 1, loud), at(0, 0, loud)),
      rateDifference("gap-reach", "token − latent, reachability, σ = 0", at(1, 1, 0), at(1, 0, 0)),
      rate("chase-latent", `latent channel, pointer chase, σ = ${loud}`, at(0, 0, loud)),
      rate("chase-token", `token channel, pointer chase, σ = ${loud}`, at(0, 1, loud), { value: "about 1", source: "26 codes in 64 dimensions, 16 steps, σ = 1: snapped 1.000, latent .483 (another setting, computed for the claims table)" }),
      rate("reach-latent", "latent channel, reachability, σ = 0", at(1, 0, 0)),
      rate("reach-token", "token channel, reachability, σ = 0", at(1, 1, 0), { value: 0.5, source: "a blind guess between two candidates" }),
    ],
    figures: walks.map(({ name, chance }, w) => ({
      kind: "lines" as const,
      title: `${name[0]!.toUpperCase()}${name.slice(1)}: right answers as noise grows`,
      x: { label: "noise σ, over the thought's length", unit: "" },
      y: { label: "share right", unit: "1" },
      lines: [
        ...channels.map((channel, c) => ({ name: channel === "latent" ? "latent channel: the vector itself" : "token channel: its likeliest token", x: levels[w]!, ...rates(counts[w]![c]!) })),
        { name: "blind guess", role: "null" as const, x: levels[w]!, y: levels[w]!.map(() => chance) },
      ],
    })),
  };
}

/** The embedding of the likeliest token, or of the one that comes so many places behind it. */
async function snapped(decoder: Decoder, hidden: Tensor, behind: number): Promise<Tensor> {
  const { data } = await decoder.unembed(hidden);
  return decoder.embed([largest(data, behind + 1)[behind]!]);
}
