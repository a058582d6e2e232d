/** K5: whether easy questions need no chain of thought, and hard ones do. The embedded model on pointer chase, hop by hop. */
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { percent } from "./apparatus/numerals.ts";
import { cell, countRight, rate, rateDifference, rates } from "./apparatus/problem-sets.ts";

const guess = 1 / 15;

export const claim: Claim = {
  id: "K5",
  system: "cot",
  title: "Do easy questions need no chain of thought, and hard ones one?",
  statement: {
    en: "For simple tasks a single step y = f(x) works; complex tasks need intermediate steps.",
    zh: "对于简单任务……单步推理 y=f(x) 是有效的……但是对于复杂任务……CoT 强制模型在 x 和 y 之间生成中间步骤 z₁, z₂, …, zₙ。",
  },
  expectation: {
    verdict: "supports",
    text: "A transformer of fixed depth has room for a fixed number of lookups in a row; with a chain of thought every step is a pass of its own. So both ways should answer one hop, and a gap should open with the hops.",
    sources: [
      { text: "Sanford, Hsu & Telgarsky 2024, arXiv:2402.09268: k-hop needs about log k layers; with 2 layers the error is .01 at 1 hop and .42 at 4 (errors.json of the authors' code)" },
      { text: "Sprague et al. 2024, arXiv:2409.12183: CoT helps on mathematics and symbolic reasoning, hardly elsewhere" },
    ],
  },
  data: "Pointer chase: sixteen arrows join sixteen letters in one ring; which letter lies k arrows after x? The same problems for every mode, drawn from the seeds.",
  model: "nano, the embedded model: 3 layers, 0.37 M parameters, trained on direct answers and on chains of thought of 1 to 6 hops alike.",
  measurement: "Share of right answers by hops, direct and by chain of thought, greedy decoding; Wilson's 95 % intervals. The gap is CoT − direct at the same hops, Newcombe's interval.",
  rule: "supports: direct answers reach `easy` at 1 hop, the gap there is at most `closed`, and at 6 hops the gap's interval lies above `open`. refutes: at 6 hops the gap is at most `closed`, and its interval lies below `open`. mixed otherwise.",
  thresholds: {
    easy: { value: 0.9, unit: "1", meaning: "share of direct answers right at 1 hop, at least" },
    closed: { value: 0.1, unit: "1", meaning: "a gap as small as this is none" },
    open: { value: 0.5, unit: "1", meaning: "lower end of the gap's interval at 6 hops, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 2,
  recorded: true,
  usesEmbeddedModel: true,
  doesNotShow: "Anything about large models, or about tasks other than lookups in a row. nano was trained on both ways; a model trained longer or deeper on direct answers might reach further. Where CoT wins here, it wins because every step is easy and seen in training, not because anything new was inferred.",
  wouldChange: "A model that answers 6 hops directly, or whose chain of thought fails as early as its direct answers.",
  sabotage: { what: "The same model with weights as before training.", verdict: "refutes" },

  run: (context) => measure(context, { hops: [1, 2, 3, 4, 5, 6], problems: context.size === "full" ? 300 : 30 }),

  judge(evidence, { easy = NaN, closed = NaN, open = NaN }) {
    const last = evidence.quantities.find(({ id }) => id === "gap-last")!;
    const [direct, first] = [valueOf(evidence, "direct-first"), valueOf(evidence, "gap-first")];
    const numbers = `direct answers are right in ${percent(direct)} at 1 hop; the gap to CoT is ${percent(first)} there and ${percent(last.value)} at 6 hops (95\u00a0%: ${percent(last.low!)} to ${percent(last.high!)})`;
    if (last.value <= closed && last.high! < open) return { verdict: "refutes", reason: `No gap opens: ${numbers}.` };
    if (direct >= easy && first <= closed && last.low! >= open) return { verdict: "supports", reason: `A gap opens with the hops: ${numbers}.` };
    return { verdict: "mixed", reason: `Neither is shown as clearly as the rule asks: ${numbers}.` };
  },
};

/**
 * @param hops      rising; the first and the last are judged
 * @param problems  of each seed's set
 */
export async function measure(context: ClaimContext, { hops, problems }: { readonly hops: readonly number[]; readonly problems: number }): Promise<Evidence> {
  const decoder = await context.embeddedModel({ untrained: context.sabotaged });
  const modes = ["direct", "cot"] as const;
  const cells = modes.flatMap((mode) => hops.map((difficulty) => cell({ mode, difficulty })));
  const counts = await countRight(context, decoder, { task: "pointer-chase", cells, problems, what: "direct and CoT" }, [0, 1]);
  const [direct, cot] = [counts.slice(0, hops.length), counts.slice(hops.length)];
  const last = hops.length - 1;
  return {
    quantities: [
      rate("direct-first", "direct, 1 hop", direct[0]!, { value: "about .99", source: "2 layers, 1 hop: Sanford et al. 2024, arXiv:2402.09268 (another ring, another size)" }),
      rate("direct-last", `direct, ${hops[last]} hops`, direct[last]!, { value: guess, source: "a blind guess among the other 15 letters" }),
      rate("cot-first", "chain of thought, 1 hop", cot[0]!),
      rate("cot-last", `chain of thought, ${hops[last]} hops`, cot[last]!),
      rateDifference("gap-first", "gap CoT − direct, 1 hop", cot[0]!, direct[0]!),
      rateDifference("gap-last", `gap CoT − direct, ${hops[last]} hops`, cot[last]!, direct[last]!),
    ],
    figures: [
      {
        kind: "lines",
        title: "Right answers by hops",
        x: { label: "hops", unit: "" },
        y: { label: "share right", unit: "1" },
        lines: [
          { name: "chain of thought", x: hops, ...rates(cot) },
          { name: "direct", x: hops, ...rates(direct) },
          { name: "blind guess", role: "null", x: hops, y: hops.map(() => guess) },
        ],
      },
    ],
  };
}
