/**
 * Chains of small sums: one person has a number of apples, the next so many more
 * or fewer than the one before; the sentences stand in random order.
 *
 * The numbers that people have are drawn first, each of 1 … 9 alike and none equal
 * to the one before it, and the differences follow. So every answer comes as often
 * as the others, whatever was added. A second chain about other people, half as
 * long, has nothing to do with the question.
 *
 * After i-GSM (Ye et al. 2024, arXiv:2407.20311), with sums and differences only,
 * in numbers that are single digits all the way.
 */
import { Random } from "../../random.ts";
import type { DecodingMode } from "../../trace.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem, Prompt, Task } from "../task.ts";
import { gradeNumber } from "./grading.ts";
import { maxLatentSteps, message } from "./message.ts";
import type { Story } from "./message.ts";
import { names } from "./names.ts";

interface Chains {
  /** The people of the chain that is asked about, in order, each with a number of apples; the first is told outright. */
  readonly chain: readonly (readonly [string, number])[];
  /** The same of the chain that is not. */
  readonly aside: readonly (readonly [string, number])[];
  /** The sentences in the order in which they are told. */
  readonly told: readonly string[];
  readonly answer: string;
}

export interface NumberChainsProblem extends Problem, Chains {
  readonly shots: readonly Chains[];
}

const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9];

function drawChain(random: Random, people: readonly string[]): (readonly [string, number])[] {
  let before = 0;
  return people.map((name) => {
    before = random.pick(digits.filter((digit) => digit !== before));
    return [name, before] as const;
  });
}

function sentences(chain: readonly (readonly [string, number])[]): string[] {
  return chain.map(([name, apples], i) => {
    if (i === 0) return `${name} has ${counted(apples)}.`;
    const [other, theirs] = chain[i - 1]!;
    const difference = apples - theirs;
    return `${name} has ${Math.abs(difference)} ${difference > 0 ? "more" : "fewer"} than ${other}.`;
  });
}

function counted(apples: number): string {
  return apples === 1 ? "1 apple" : `${apples} apples`;
}

function draw(random: Random, sums: number): Chains {
  const people = random.shuffle(names);
  const chain = drawChain(random, people.slice(0, sums + 1));
  const aside = drawChain(random, people.slice(sums + 1, sums + 2 + Math.floor(sums / 2)));
  const told = random.shuffle([...sentences(chain), ...sentences(aside)]);
  return { chain, aside, told, answer: String(chain.at(-1)![1]) };
}

function story({ chain, told }: Chains): Story {
  const steps = chain.map(([name, apples], i) => {
    if (i === 0) return `${name} has ${counted(apples)}.`;
    const before = chain[i - 1]![1];
    return `${name} has ${before} ${apples > before ? "+" : "-"} ${Math.abs(apples - before)} = ${counted(apples)}.`;
  });
  return { told: told.join(" "), asked: `How many apples does ${chain.at(-1)![0]} have?`, kind: "a number", steps };
}

export const numberChains: Task<NumberChainsProblem> = {
  id: "number-chains",
  title: "Chains of small sums",
  language: true,
  explanation:
    "One person has some apples, the next so many more or fewer than the one before, and so on; the sentences stand in random order, and some have nothing to do with the question. How many has the last? " +
    "Each sum needs the result of the one before. " +
    "Direct is asked for the number at once. ICL first sees solved chains with other numbers, which show what is asked but not the way. " +
    "CoT is asked to write the steps down. Latent thinks in vectors before it answers; no model of natural language here was trained for that, so look at the trajectory and not for better answers. " +
    "All numbers are from 1 to 9, and each is the answer as often as another. " +
    "An answer counts where the first number in it is the right one. A blind guess is right 1 time in 9.",
  difficulty: { name: "sums", minimum: 1, maximum: 4, initial: 2 },
  shots: { minimum: 0, maximum: 4, initial: 2 },
  variants: [],
  maxThoughts: maxLatentSteps,
  maxAnswerTokens: 8,

  draw(seed: number, options: DrawOptions): NumberChainsProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const own = draw(random.fork("story"), options.difficulty);
    const examples = random.fork("shots");
    const shots = Array.from({ length: options.shots }, () => draw(examples, options.difficulty));
    return { task: this.id, seed, difficulty: options.difficulty, variant, chance: 1 / digits.length, ...own, shots };
  },

  prompt(problem: NumberChainsProblem, mode: DecodingMode): Prompt {
    return message(story(problem), problem.shots.map((shot) => ({ story: story(shot), answer: shot.answer })), mode);
  },

  sentence({ chain }: NumberChainsProblem): string {
    return `How many apples does ${chain.at(-1)![0]} have, after ${chain.length - 1} ${chain.length === 2 ? "sum" : "sums"}?`;
  },

  grade({ answer }, text) {
    return gradeNumber(answer, text);
  },
};
