/**
 * Hidden rules: infer a table from examples.
 *
 *   context   <bos> <icl>, then the solved examples
 *   direct    x                                            → y      (no shots: the prior)
 *   icl       x₁ y₁ … xₛ yₛ x                              → y
 *   cot       x₁ y₁ … xₛ yₛ <cot> x                        → <rⱼ> <ans> y
 *   latent    x₁ y₁ … xₛ yₛ <latent> x [c thoughts] <ans>  → y
 *
 * One of sixteen tables, learnt in training, maps the letters a … p to the
 * labels 0 … 3. The query is never among the shots, so a label can only be
 * known by recognising the rule. In the other variants entries are redrawn.
 * Source: discrete sibling of the task pools of Raventós et al. 2023, arXiv:2306.15063.
 */
import { Random } from "../random.ts";
import type { DecodingMode } from "../trace.ts";
import { checkedVariant } from "./options.ts";
import { ruleTables } from "./rule-tables.ts";
import type { DrawOptions, Problem, Prompt, Task } from "./task.ts";

export interface RulesProblem extends Problem {
  /** Which of the sixteen rules the table was taken from. */
  readonly rule: number;
  /** Labels of a … p as they hold in this problem; entries may be redrawn, depending on the variant. */
  readonly table: readonly number[];
  /** Solved examples [letter, label]. */
  readonly shots: readonly (readonly [string, string])[];
  readonly query: string;
}

const letters = [..."abcdefghijklmnop"];
const labels = 4;

/** Probability with which each entry of the table is drawn anew. */
const redrawn: Readonly<Record<string, number>> = { "in-distribution": 0, "partly-redrawn": 0.5, "fresh-rule": 1 };

export const rules: Task<RulesProblem> = {
  id: "rules",
  title: "Rules in context",
  explanation:
    "A hidden rule maps the letters a to p to the labels 0 to 3; a few solved examples are given, and the label of another letter is asked. " +
    "In training there were only sixteen rules, all tables of random labels, so the way to the answer is to recognise which of the sixteen fits the examples and to remember its label: the query is never among the examples. " +
    "Direct sees no examples at all and shows the prior, that is, the label that most of the sixteen rules give to this letter; without examples no depth of network could do better. " +
    "ICL sees the examples and answers at once. CoT sees them, names the rule, then answers. Latent sees them, thinks, then answers. " +
    "Where half of the table's entries are redrawn on average, the remembered rule helps only for those left alone, or redrawn to the same label. " +
    "With a fresh rule the examples say nothing about the query, and no method can beat chance: what this shows is reliance on the learnt rules, not a failure to generalise. " +
    "A blind guess is right 1 time in 4.",
  difficulty: { name: "shots", minimum: 0, maximum: 11, initial: 6 },
  shots: null,
  variants: [
    { id: "in-distribution", title: "One of the sixteen learnt rules" },
    { id: "partly-redrawn", title: "A learnt rule with entries redrawn, each with probability one half" },
    { id: "fresh-rule", title: "A fresh rule" },
  ],
  maxThoughts: 3,

  draw(seed: number, options: DrawOptions): RulesProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const rule = random.fork("rule").integer(ruleTables.length);
    const entries = random.fork("entries");
    const table = ruleTables[rule]!.map((label) => {
      // Both numbers are drawn in every variant, so that the variants differ in nothing else.
      const chance = entries.uniform();
      const fresh = entries.integer(labels);
      return chance < redrawn[variant!]! ? fresh : label;
    });
    const [query, ...shown] = random.fork("letters").shuffle(letters);
    const label = (letter: string): string => String(table[letters.indexOf(letter)]!);
    const shots = shown.slice(0, options.difficulty).map((letter) => [letter, label(letter)] as const);
    return { task: this.id, seed, difficulty: options.difficulty, variant, answer: label(query!), chance: 1 / labels, rule, table, shots, query: query! };
  },

  prompt(problem: RulesProblem, mode: DecodingMode): Prompt {
    const { query } = problem;
    const prior = "<bos> <icl>";
    const context = [prior, ...problem.shots.flat()].join(" ");
    if (mode === "direct") return { context: prior, question: query, thinking: { kind: "none" }, cue: "" };
    if (mode === "icl") return { context, question: query, thinking: { kind: "none" }, cue: "" };
    if (mode === "latent") return { context, question: `<latent> ${query}`, thinking: { kind: "latent", steps: 1 }, cue: "<ans>" };
    const reference = [[`<r${problem.rule}>`]];
    return { context, question: `<cot> ${query}`, thinking: { kind: "text", stop: "<ans>", maxTokens: 3, reference }, cue: "<ans>" };
  },

  sentence({ shots, query }: RulesProblem): string {
    const shown = shots.map(([letter, label]) => `${letter} is ${label}`).join(", ");
    return shots.length === 0 ? `Which label has ${query}?` : `If ${shown}, which label has ${query}?`;
  },
};
