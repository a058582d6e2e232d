/**
 * Who points to whom: six people in one ring, each pointing to the next, told in
 * random order. Start at one and follow k of them.
 *
 * Fewer than six steps never lead back to the start, so each of the other five is
 * the answer alike, wherever it stands in the story. Twin in words of the pointer chase.
 */
import { Random } from "../../random.ts";
import type { DecodingMode } from "../../trace.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem, Prompt, Task } from "../task.ts";
import { gradeName } from "./grading.ts";
import { maxLatentSteps, message } from "./message.ts";
import type { Story } from "./message.ts";
import { names } from "./names.ts";

interface Ring {
  readonly hops: number;
  /** The six in the order of pointing; the last points to the first. */
  readonly ring: readonly string[];
  /** Who points to whom, in the order in which it is told. */
  readonly arrows: readonly (readonly [string, string])[];
  readonly start: string;
  readonly answer: string;
}

export interface WhoPointsToWhomProblem extends Problem, Ring {
  readonly shots: readonly Ring[];
}

const people = 6;

function draw(random: Random, hops: number): Ring {
  const ring = random.shuffle(names).slice(0, people);
  const arrows = random.shuffle(ring.map((name, i) => [name, ring[(i + 1) % people]!] as const));
  const at = random.integer(people);
  return { hops, ring, arrows, start: ring[at]!, answer: ring[(at + hops) % people]! };
}

function story({ ring, arrows, start, hops }: Ring): Story {
  const at = ring.indexOf(start);
  const on = (i: number): string => ring[(at + i) % people]!;
  const times = hops === 1 ? "once" : hops === 2 ? "twice" : `${hops} times`;
  return {
    told: arrows.map(([from, to]) => `${from} points to ${to}.`).join(" "),
    asked: `Start at ${start} and go ${times} to the person pointed to. Whom do you reach?`,
    kind: "a name",
    steps: Array.from({ length: hops }, (_, i) => `${on(i)} points to ${on(i + 1)}.`),
  };
}

export const whoPointsToWhom: Task<WhoPointsToWhomProblem> = {
  id: "who-points-to-whom",
  title: "Who points to whom",
  language: true,
  explanation:
    "Six people stand in a ring, each pointing to the next, told in random order. Start at one and follow the pointing k times: whom do you reach? " +
    "Each step must be found before the next can be looked up. " +
    "Direct is asked for the name at once. ICL first sees solved rings of other people, which show what is asked but not the way. " +
    "CoT is asked to write each step down. Latent thinks in vectors before it answers; no model of natural language here was trained for that, so look at the trajectory and not for better answers. " +
    "Everyone points once and is pointed to once, so nothing but the walk tells the answer. " +
    "An answer counts where it names the right person first. A blind guess among the other five is right 1 time in 5.",
  difficulty: { name: "steps", minimum: 1, maximum: 5, initial: 2 },
  shots: { minimum: 0, maximum: 4, initial: 2 },
  variants: [],
  maxThoughts: maxLatentSteps,
  maxAnswerTokens: 8,

  draw(seed: number, options: DrawOptions): WhoPointsToWhomProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const own = draw(random.fork("story"), options.difficulty);
    const examples = random.fork("shots");
    const shots = Array.from({ length: options.shots }, () => draw(examples, options.difficulty));
    return { task: this.id, seed, difficulty: options.difficulty, variant, chance: 1 / (people - 1), ...own, shots };
  },

  prompt(problem: WhoPointsToWhomProblem, mode: DecodingMode): Prompt {
    return message(story(problem), problem.shots.map((shot) => ({ story: story(shot), answer: shot.answer })), mode);
  },

  sentence({ start, hops }: WhoPointsToWhomProblem): string {
    return `Whom do you reach ${hops} ${hops === 1 ? "step" : "steps"} after ${start}?`;
  },

  grade({ answer }, text) {
    return gradeName(names, answer, text);
  },
};
