/** The tasks in plain English: every answer is found again from the written message alone. */
import { describe, expect, test } from "vitest";
import { decodingModes } from "../../trace.ts";
import { task } from "../index.ts";
import type { DrawOptions, Problem, Task } from "../task.ts";
import { ballSwaps } from "./ball-swaps.ts";
import { names } from "./names.ts";
import { numberChains } from "./number-chains.ts";
import { whoPointsToWhom } from "./who-points-to-whom.ts";

const seeds = Array.from({ length: 500 }, (_, i) => i);
const options = (difficulty: number, shots = 2): DrawOptions => ({ difficulty, shots, variant: null });
const language: readonly Task[] = [ballSwaps, whoPointsToWhom, numberChains];
const name = names.join("|");

/** Solves a story from its sentences, in another way than it was drawn. */
const solvers: Readonly<Record<string, (story: string) => string>> = {
  "ball-swaps": (story) => {
    const colour = new Map([...story.matchAll(/(\w+) has the (\w+) ball(?=[,. ])(?! now)/g)].map(([, who, ball]) => [who!, ball!]));
    for (const [, a, b] of story.matchAll(/(\w+) and (\w+) swap balls/g)) {
      const kept = colour.get(a!)!;
      colour.set(a!, colour.get(b!)!);
      colour.set(b!, kept);
    }
    const asked = /Who has the (\w+) ball now\?/.exec(story)![1];
    return [...colour].find(([, ball]) => ball === asked)![0];
  },
  "who-points-to-whom": (story) => {
    const next = new Map([...story.matchAll(/(\w+) points to (\w+)\./g)].map(([, from, to]) => [from!, to!]));
    const [, start, times] = /Start at (\w+) and go (once|twice|\d times)/.exec(story)!;
    let at = start!;
    for (let k = times === "once" ? 1 : times === "twice" ? 2 : parseInt(times!); k > 0; k--) at = next.get(at)!;
    return at;
  },
  "number-chains": (story) => {
    const apples = (who: string): number => {
      const told = new RegExp(`${who} has (\\d+) apples?\\.`).exec(story);
      if (told) return Number(told[1]);
      const [, by, way, other] = new RegExp(`${who} has (\\d+) (more|fewer) than (\\w+)\\.`).exec(story)!;
      return apples(other!) + (way === "more" ? 1 : -1) * Number(by);
    };
    return String(apples(/How many apples does (\w+) have\?/.exec(story)![1]!));
  },
};
const share = (right: number): number => right / seeds.length;

describe.each(language.map((t) => [t.id, t] as const))("%s", (id, t) => {
  const solve = solvers[id]!;
  const difficulties = Array.from({ length: t.difficulty.maximum - t.difficulty.minimum + 1 }, (_, i) => t.difficulty.minimum + i);
  const drawn = (difficulty: number): Problem[] => seeds.map((seed) => t.draw(seed, options(difficulty)));

  test.each(difficulties)("at difficulty %d the message alone leads to the answer, in every mode", (difficulty) => {
    for (const problem of drawn(difficulty).slice(0, 100)) {
      for (const mode of decodingModes) {
        const { context, question } = t.prompt(problem, mode);
        const story = `${context} ${question}`.split("\n\n").at(-1)!;
        expect(solve(story)).toBe(problem.answer);
      }
    }
  });

  test("solved examples are right, and stand in the ICL prompt alone", () => {
    for (const problem of drawn(t.difficulty.initial).slice(0, 100)) {
      const { context } = t.prompt(problem, "icl");
      const shots = context.split("\n\n").slice(0, -1);
      expect(shots).toHaveLength(2);
      for (const shot of shots) expect(`${solve(shot)}.`).toBe(shot.split("The answer is ")[1]);
      for (const mode of ["direct", "cot", "latent"] as const) expect(context.endsWith(t.prompt(problem, mode).context)).toBe(true);
      expect(t.prompt(problem, "direct").context).not.toContain("The answer is");
    }
  });

  test("the reference chain of thought ends at the answer", () => {
    const last: Readonly<Record<string, RegExp>> = { "ball-swaps": /so (\w+) has/, "who-points-to-whom": /points to (\w+)\./, "number-chains": /(\d+) apples?\.$/ };
    for (const problem of drawn(t.difficulty.maximum)) {
      const { thinking } = t.prompt(problem, "cot");
      if (thinking.kind !== "text") return expect.unreachable();
      expect(last[id]!.exec(thinking.reference.at(-1)![0]!)![1]).toBe(problem.answer);
      expect(thinking.maxTokens).toBeGreaterThanOrEqual(64);
      expect(thinking.maxTokens).toBeLessThanOrEqual(160);
    }
  });

  test("the same seed draws the same problem; harder or easier, the shots asked for are there", () => {
    for (const difficulty of difficulties) {
      expect(t.draw(3, options(difficulty))).toEqual(t.draw(3, options(difficulty)));
      expect(t.prompt(t.draw(3, options(difficulty, 4)), "icl").context.split("\n\n")).toHaveLength(5);
    }
    expect(t.draw(3, options(2))).not.toEqual(t.draw(4, options(2)));
  });

  test("more shots leave the question as it is", () => {
    for (const seed of seeds.slice(0, 20)) expect(t.prompt(t.draw(seed, options(2, 0)), "cot")).toEqual(t.prompt(t.draw(seed, options(2, 4)), "cot"));
  });

  test.each(difficulties)("at difficulty %d all answers come alike", (difficulty) => {
    const problems = drawn(difficulty);
    const kinds = id === "number-chains" ? ["1", "2", "3", "4", "5", "6", "7", "8", "9"] : names;
    const counts = kinds.map((kind) => problems.filter(({ answer }) => answer === kind).length);
    const expected = seeds.length / kinds.length;
    // χ² with 7 or 8 degrees of freedom: above 29 once in ten thousand.
    expect(counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)).toBeLessThan(29);
  });

  test("it says what it cannot draw", () => {
    const { name: what, minimum, maximum } = t.difficulty;
    for (const wrong of [minimum - 1, maximum + 1, minimum + 0.5]) {
      expect(() => t.draw(1, options(wrong))).toThrow(new RangeError(`${id}: expected ${minimum} to ${maximum} ${what}, got ${wrong}; choose a whole number in that range`));
    }
    expect(() => t.draw(1, options(minimum, 5))).toThrow(`${id}: expected 0 to 4 shots, got 5`);
    expect(() => t.draw(0.5, options(minimum))).toThrow(`${id}: expected a whole number as seed, got 0.5`);
    expect(() => t.draw(1, { difficulty: minimum, shots: 0, variant: "x" })).toThrow(`${id}: expected no variant, got x`);
  });

  test("it explains itself, names chance, and is found by its id", () => {
    const problem = t.draw(1, options(t.difficulty.initial));
    expect(t.explanation).toContain(`right 1 time in ${Math.round(1 / problem.chance)}`);
    expect(t.sentence(problem)).toMatch(/^(Whom?|How many) .*\?$/);
    expect(task(id)).toBe(t);
    expect(t.language).toBe(true);
  });

  test("its own answer is graded right, another wrong", () => {
    const problem = t.draw(1, options(t.difficulty.initial));
    expect(t.grade!(problem, ` ${problem.answer}.`)).toBe(true);
    expect(t.grade!(problem, id === "number-chains" ? "10" : names.find((other) => other !== problem.answer)!)).toBe(false);
  });

  // ——— no shortcut ———

  const numbers = (text: string): string[] => text.match(/\d+/g) ?? [];
  const people = (text: string): string[] => text.match(new RegExp(name, "g")) ?? [];
  const words = id === "number-chains" ? numbers : people;
  const commonest = (all: string[]): string => all.toSorted((a, b) => all.filter((x) => x === b).length - all.filter((x) => x === a).length)[0]!;
  const told = (problem: Problem): string => t.prompt(problem, "direct").context;
  // Two steps are the fewest that are more than one look.
  test.each<[string, (problem: Problem) => string]>([
    ["the first in the story", (p) => words(told(p))[0]!],
    ["the last in the story", (p) => words(told(p)).at(-1)!],
    ["the last but one", (p) => words(told(p)).at(-2)!],
    ["the commonest in the story", (p) => commonest(words(told(p)))],
    ["the one in the sentence of the question's person", (p) => {
      const asked = people(t.prompt(p, "direct").question)[0];
      return asked === undefined ? words(told(p))[0]! : words(told(p).split(". ").find((sentence) => sentence.startsWith(asked))!).at(-1)!;
    }],
  ])("%s is no better than chance, from two steps on", (_, guess) => {
    for (const difficulty of difficulties.slice(1)) {
      const problems = drawn(difficulty);
      // Chance among those who are named, and four standard errors.
      const { chance } = problems[0]!;
      expect(share(problems.filter((p) => guess(p) === p.answer).length)).toBeLessThan(chance + 4 * Math.sqrt((chance * (1 - chance)) / seeds.length));
    }
  });
});

test("who had the ball at first has it in the end once in five, whatever the number of swaps", () => {
  for (let swaps = 1; swaps <= 8; swaps++) {
    const stayed = seeds.filter((seed) => {
      const p = ballSwaps.draw(seed, options(swaps, 0));
      return p.people[p.colours.indexOf(p.asked)] === p.answer;
    });
    expect(Math.abs(share(stayed.length) - 0.2)).toBeLessThan(0.075);
  }
});

test("all apples stay between 1 and 9", () => {
  for (const seed of seeds) for (const [, apples] of [...numberChains.draw(seed, options(4)).chain, ...numberChains.draw(seed, options(4)).aside]) {
    expect(apples).toBeGreaterThanOrEqual(1);
    expect(apples).toBeLessThanOrEqual(9);
  }
});

test("messages, word for word", () => {
  const swaps = { ...ballSwaps.draw(1, options(1, 0)), people: ["Bob", "Carol", "Emma"], colours: ["red", "blue", "green"], swaps: [["Bob", "Emma"], ["Emma", "Carol"]] as const, asked: "red", answer: "Carol" };
  expect(ballSwaps.prompt(swaps, "direct")).toEqual({
    context: "Bob has the red ball, Carol has the blue ball and Emma has the green ball. First Bob and Emma swap balls. Then Emma and Carol swap balls.",
    question: "Who has the red ball now? Answer with a name only.",
    thinking: { kind: "none" },
    cue: "The answer is",
  });
  expect(ballSwaps.prompt(swaps, "latent").thinking).toEqual({ kind: "latent", steps: 8 });
  expect(ballSwaps.prompt(swaps, "cot")).toMatchObject({
    question: 'Who has the red ball now? Think step by step, one short sentence for each step. Then finish with "The answer is" and a name.',
    thinking: { kind: "text", stop: "The answer is", maxTokens: 72, reference: [["Bob and Emma swap, so Emma has the red ball."], ["Emma and Carol swap, so Carol has the red ball."]] },
    cue: "\nThe answer is",
  });
  expect(ballSwaps.sentence(swaps)).toBe("Who has the red ball after 2 swaps?");
  const chains = { ...numberChains.draw(1, options(1, 0)), chain: [["Bob", 1], ["Emma", 4], ["Carol", 2]] as const, told: ["…"] };
  const { thinking } = numberChains.prompt(chains, "cot");
  expect(thinking.kind === "text" && thinking.reference.flat()).toEqual(["Bob has 1 apple.", "Emma has 1 + 3 = 4 apples.", "Carol has 4 - 2 = 2 apples."]);
});

test("no two names begin alike", () => expect(new Set(names.map((n) => n[0])).size).toBe(names.length));
