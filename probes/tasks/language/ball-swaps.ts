/**
 * Balls being swapped: five people, five balls, who has the red one in the end?
 *
 * The first swap moves the ball that is asked for with probability 4/5, to any of
 * the other four: after it the ball is with each of the five alike, so the one who
 * had it first is no better a guess than another. All later swaps are of two
 * people drawn evenly, which keeps it so, and, from two swaps on, names the holder
 * last with a chance of 1 in 5 too. (One swap alone names the holder last 2 times in 5.)
 * What is left is half the work: the last one to swap with the first holder is right
 * in 43, 29, 24 and 23 of 100 stories of 2, 3, 4 and 5 swaps.
 *
 * Twin in words of state tracking in S₅ (Liu et al. 2022, arXiv:2210.10749;
 * Merrill, Petty & Sabharwal 2024, arXiv:2404.08819).
 */
import { Random } from "../../random.ts";
import type { DecodingMode } from "../../trace.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem, Prompt, Task } from "../task.ts";
import { gradeName } from "./grading.ts";
import { listed, maxLatentSteps, message } from "./message.ts";
import type { Story } from "./message.ts";
import { names } from "./names.ts";

interface Swaps {
  /** The five in the order in which they are named. */
  readonly people: readonly string[];
  /** The colour of the ball that each has at first, in the same order. */
  readonly colours: readonly string[];
  readonly swaps: readonly (readonly [string, string])[];
  /** The colour that is asked for. */
  readonly asked: string;
  readonly answer: string;
}

export interface BallSwapsProblem extends Problem, Swaps {
  readonly shots: readonly Swaps[];
}

const people = 5;
const allColours = ["red", "blue", "green", "yellow", "black"];

function draw(random: Random, count: number): Swaps {
  const drawn = random.shuffle(names).slice(0, people);
  const colours = random.shuffle(allColours);
  const at = random.integer(people);
  let holder = drawn[at]!;
  const swaps = Array.from({ length: count }, (_, i): readonly [string, string] => {
    const others = drawn.filter((name) => name !== holder);
    const moves = i > 0 ? null : random.uniform() < 1 - 1 / people;
    const pair = random.shuffle(moves === null ? random.shuffle(drawn).slice(0, 2) : moves ? [holder, random.pick(others)] : random.shuffle(others).slice(0, 2));
    const [a, b] = pair as [string, string];
    holder = holder === a ? b : holder === b ? a : holder;
    return [a, b];
  });
  return { people: drawn, colours, swaps, asked: colours[at]!, answer: holder };
}

function story({ people: five, colours, swaps, asked }: Swaps): Story {
  const have = `${listed(five.map((name, i) => `${name} has the ${colours[i]} ball`))}.`;
  let holder = five[colours.indexOf(asked)]!;
  const steps = swaps.map(([a, b]) => {
    holder = holder === a ? b : holder === b ? a : holder;
    return `${a} and ${b} swap, so ${holder} has the ${asked} ball.`;
  });
  const told = `${have} ${swaps.map(([a, b], i) => `${i === 0 ? "First" : "Then"} ${a} and ${b} swap balls.`).join(" ")}`;
  return { told, asked: `Who has the ${asked} ball now?`, kind: "a name", steps };
}

export const ballSwaps: Task<BallSwapsProblem> = {
  id: "ball-swaps",
  title: "Balls being swapped",
  language: true,
  explanation:
    "Five people hold five balls, and swap them in pairs; who has one of the balls in the end? " +
    "Each swap must be taken in turn, since what it does depends on those before. " +
    "Direct is asked for the name at once. ICL first sees solved stories, with other people and other swaps, which show what is asked but not the way. " +
    "CoT is asked to write the steps down. Latent thinks in vectors before it answers; no model of natural language here was trained for that, so look at the trajectory and not for better answers. " +
    "Swaps are drawn so that who had the ball at first is no better a guess than another, and from two swaps on who was named last is none either. " +
    "An answer counts where it names the right person first. A blind guess is right 1 time in 5.",
  difficulty: { name: "swaps", minimum: 1, maximum: 8, initial: 3 },
  shots: { minimum: 0, maximum: 4, initial: 2 },
  variants: [],
  maxThoughts: maxLatentSteps,
  maxAnswerTokens: 8,

  draw(seed: number, options: DrawOptions): BallSwapsProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const own = draw(random.fork("story"), options.difficulty);
    const examples = random.fork("shots");
    const shots = Array.from({ length: options.shots }, () => draw(examples, options.difficulty));
    return { task: this.id, seed, difficulty: options.difficulty, variant, chance: 1 / people, ...own, shots };
  },

  prompt(problem: BallSwapsProblem, mode: DecodingMode): Prompt {
    return message(story(problem), problem.shots.map((shot) => ({ story: story(shot), answer: shot.answer })), mode);
  },

  sentence({ asked, swaps }: BallSwapsProblem): string {
    return `Who has the ${asked} ball after ${swaps.length} ${swaps.length === 1 ? "swap" : "swaps"}?`;
  },

  grade({ answer }, text) {
    return gradeName(names, answer, text);
  },
};
