/** The lab's tasks: every target is found again from the words alone, and no shortcut beats the chance that a task states. */
import { describe, expect, test } from "vitest";
import { decodingModes } from "../../trace.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { sequenceTask, sequenceTasks } from "./index.ts";
import { encoder, padding, type SequenceTask } from "./sequence-task.ts";

const options = (difficulty: number): DrawOptions => ({ difficulty, shots: 0, variant: null });
const seeds = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const difficulties = ({ difficulty: { minimum, maximum } }: SequenceTask): number[] => seeds(maximum - minimum + 1).map((i) => minimum + i);

/** What belongs behind position `at`, found in another way than it was drawn. */
const solvers: Readonly<Record<string, (words: readonly string[], at: number) => string>> = {
  "small-pointer-chase": (words, at) => {
    let letter = words[at]!.toLowerCase();
    for (let k = Number(words[13]); k > 0; k--) letter = words[words.indexOf(letter.toUpperCase()) + 1]!;
    return letter;
  },
  "selective-copying": (words, at) => words.filter((word) => !".>".includes(word))[at - words.indexOf(">")]!,
  "multi-query-recall": (words, at) => words[words.indexOf(words[at]!) + 1]!,
  "flip-flop": (words, at) => words[words.lastIndexOf("w", at) + 1]!,
  cups: (words, at) => {
    const under = new Map([1, 2, 3, 4, 5].map((cup) => [String(cup), String(cup) === words[0]]));
    for (const [a = "", b = ""] of words.slice(1, at + 1)) {
      const kept = under.get(a)!;
      under.set(a, under.get(b)!);
      under.set(b, kept);
    }
    return [...under].find(([, ball]) => ball)![0];
  },
  "modular-program": (words, at) => {
    const lines = words.slice(0, words.indexOf("?")).join(" ").split(";").map((line) => line.trim().split(" "));
    const value = (word: string): number => {
      if (/\d/.test(word)) return Number(word);
      const [, left = "", operator, right = ""] = lines.find(([name]) => name === word)!;
      const [x, y] = [value(left), right === "" ? 0 : value(right)];
      return (operator === undefined ? x : operator === "+" ? x + y : operator === "-" ? x - y + 7 : x * y) % 7;
    };
    return String(value(words[at]!));
  },
};

test("a task is found by its id", () => {
  expect(sequenceTasks.map(({ id }) => id)).toEqual(["small-pointer-chase", "selective-copying", "multi-query-recall", "flip-flop", "cups", "modular-program"]);
  for (const known of sequenceTasks) expect(sequenceTask(known.id)).toBe(known);
  expect(() => sequenceTask("chess")).toThrow(new RangeError("sequence task: expected one of small-pointer-chase, selective-copying, multi-query-recall, flip-flop, cups, modular-program, got chess; choose one of these"));
});

test("sequences, word for word", () => {
  const written = (id: string, problem: object): string => {
    const { words, targets } = sequenceTask(id).sequence(problem as Problem);
    return `${words.join(" ")} → ${targets.map(({ position, word }) => `${position}:${word}`).join(" ")}`;
  };
  expect(written("selective-copying", { letters: ["b", "a"], places: [1, 4] })).toBe(". b . . a . . . . . . . . . . . > > → 16:b 17:a");
  expect(written("multi-query-recall", { pairs: [["a", "3"], ["c", "0"]], queries: ["c", "a"] })).toBe("a 3 c 0 ? c a → 5:0 6:3");
  expect(written("flip-flop", { instructions: [["w", "1"], ["i", "0"], ["r", "1"], ["i", "0"], ["r", "1"]] })).toBe("w 1 i 0 r 1 i 0 r → 4:1 8:1");
  expect(written("cups", { start: "3", swaps: [["1", "3"], ["2", "4"]], path: ["1", "1"] })).toBe("3 13 24 → 1:1 2:1");
});

describe.each(sequenceTasks.map((t) => [t.id, t] as const))("%s", (id, t) => {
  const solve = solvers[id]!;
  const encode = encoder(t);

  test("the words alone lead to every target, and the last target is the answer behind the last word", () => {
    for (const difficulty of difficulties(t)) {
      for (const seed of seeds(60)) {
        const problem = t.draw(seed, options(difficulty));
        const { words, targets, question } = t.sequence(problem);
        for (const { position, word } of targets) expect(solve(words, position)).toBe(word);
        expect(targets.at(-1)).toEqual({ position: words.length - 1, word: problem.answer });
        expect(targets.map(({ position }) => position)).toEqual([...new Set(targets.map(({ position }) => position))].sort((a, b) => a - b));
        expect(question).toBeGreaterThan(0);
        expect(question).toBeLessThan(words.length);
        for (const mode of decodingModes) {
          const { context, question: asked, thinking, cue } = t.prompt(problem, mode);
          expect(`${context} ${asked}`).toBe(words.join(" "));
          expect([thinking.kind, cue]).toEqual(["none", ""]);
        }
      }
    }
  });

  test("sequences fit the length, and the longest has it", () => {
    const lengths = difficulties(t).flatMap((difficulty) => seeds(40).map((seed) => t.sequence(t.draw(seed, options(difficulty))).words.length));
    expect(Math.max(...lengths)).toBe(t.length);
  });

  test("words are those of the vocabulary, and padding is none of them", () => {
    expect(new Set(t.vocabulary).size).toBe(t.vocabulary.length);
    expect(t.vocabulary[0]).toBe(padding);
    const used = new Set(difficulties(t).flatMap((difficulty) => seeds(60).flatMap((seed) => {
      const { words, targets } = t.sequence(t.draw(seed, options(difficulty)));
      return encode([...words, ...targets.map(({ word }) => word)]);
    })));
    expect([...used].sort((a, b) => a - b)).toEqual(seeds(t.vocabulary.length).slice(1));
    expect(() => encode(["zebra"])).toThrow(`${id}: expected words of the vocabulary`);
  });

  test("the same seed draws the same problem, another seed another", () => {
    expect(t.draw(3, options(t.difficulty.initial))).toEqual(t.draw(3, options(t.difficulty.initial)));
    expect(t.draw(3, options(t.difficulty.initial))).not.toEqual(t.draw(4, options(t.difficulty.initial)));
  });

  test("all answers come alike, at every difficulty", () => {
    for (const difficulty of difficulties(t)) {
      const answers = seeds(600).map((seed) => t.draw(seed, options(difficulty)).answer);
      const kinds = [...new Set(answers)];
      const expected = answers.length / kinds.length;
      const chi = kinds.reduce((sum, kind) => sum + (answers.filter((answer) => answer === kind).length - expected) ** 2 / expected, 0);
      // Wilson and Hilferty: χ² of ν degrees of freedom at five standard deviations.
      const nu = kinds.length - 1;
      expect(chi).toBeLessThan(nu * (1 - 2 / (9 * nu) + 5 * Math.sqrt(2 / (9 * nu))) ** 3);
    }
  });

  test("it says what it cannot draw, explains itself and names chance", () => {
    const { name, minimum, maximum, initial } = t.difficulty;
    for (const wrong of [minimum - 1, maximum + 1, minimum + 0.5]) {
      expect(() => t.draw(1, options(wrong))).toThrow(new RangeError(`${id}: expected ${minimum} to ${maximum} ${name}, got ${wrong}; choose a whole number in that range`));
    }
    expect(() => t.draw(NaN, options(initial))).toThrow(`${id}: expected a whole number as seed, got NaN`);
    const { chance } = t.draw(1, options(initial));
    expect(t.explanation).toContain(id === "multi-query-recall" ? "right 1 time in n" : `right 1 time in ${Math.round(1 / chance)}`);
    expect(t.sentence(t.draw(1, options(initial)))).toMatch(/\?$/);
  });
});

// ——— no shortcut ———

type Guess = (words: readonly string[]) => string;
const n = 3000;

/** Share of problems that a guess gets right. */
function rate(id: string, difficulty: number, guess: Guess): { rate: number; chance: number } {
  const t = sequenceTask(id);
  let right = 0;
  let chance = 0;
  for (const seed of seeds(n)) {
    const problem = t.draw(seed, options(difficulty));
    chance = problem.chance;
    if (guess(t.sequence(problem).words) === problem.answer) right++;
  }
  return { rate: right / n, chance };
}

const digitsIn = (words: readonly string[]): string[] => words.filter((word) => /^\d$/.test(word));
const arrowsOf = (words: readonly string[]): Map<string, string> => new Map(seeds(6).map((i) => [words[2 * i]!.toLowerCase(), words[2 * i + 1]!]));
/** Of a modular program: name, operand, operator, operand of the variable that is asked for. */
const ownLine = (words: readonly string[]): string[] => words.join(" ").split(" ; ").map((line) => line.split(" ")).find(([name]) => name === words.at(-1))!;
const startOf = (words: readonly string[]): string => words.at(-1)!.toLowerCase();
const lettersOf = (words: readonly string[]): string[] => words.filter((word) => !".>".includes(word));

test.each<[string, number, string, Guess]>([
  ["small-pointer-chase", 2, "the letter written first", (w) => w[0]!.toLowerCase()],
  ["small-pointer-chase", 2, "the letter written last", (w) => w[11]!],
  ["small-pointer-chase", 2, "the target two arrows behind the start's own", (w) => w[(2 * seeds(6).findIndex((i) => w[2 * i] === w.at(-1)) + 5) % 12]!],
  ["small-pointer-chase", 2, "the letter one arrow on", (w) => arrowsOf(w).get(startOf(w))!],
  ["small-pointer-chase", 1, "the letter two arrows on", (w) => arrowsOf(w).get(arrowsOf(w).get(startOf(w))!)!],
  ["small-pointer-chase", 2, "the letter asked before", (w) => w.at(-2)!.toLowerCase()],
  ["small-pointer-chase", 1, "the letter that points to the start", (w) => [...arrowsOf(w)].find(([, to]) => to === startOf(w))![0]],
  ["selective-copying", 4, "one letter always", () => "a"],
  ["multi-query-recall", 6, "the value written last", (w) => digitsIn(w).at(-1)!],
  ["multi-query-recall", 6, "the value in the query's place", (w) => digitsIn(w)[5]!],
  ["multi-query-recall", 6, "the value of the key asked before", (w) => w[w.indexOf(w.at(-2)!) + 1]!],
  ["flip-flop", 6, "the bit read last", (w) => w.at(-2)!],
  ["flip-flop", 6, "the first bit", (w) => w[1]!],
  ["flip-flop", 8, "the bit behind the write", (w) => w[w.lastIndexOf("w") + 3]!],
  ["cups", 6, "the first cup", (w) => w[0]!],
  ["cups", 1, "the first cup", (w) => w[0]!],
  ["cups", 6, "a cup of the last swap", (w) => w.at(-1)![0]!],
  ["cups", 2, "the other cup of the last swap", (w) => w.at(-1)![1]!],
  ["modular-program", 2, "the first number", (w) => digitsIn(w)[0]!],
  ["modular-program", 2, "the last number", (w) => digitsIn(w).at(-1)!],
  ["modular-program", 1, "the other number", (w) => digitsIn(w)[1]!],
  ["modular-program", 2, "the sum of all numbers", (w) => String(digitsIn(w).reduce((sum, digit) => sum + Number(digit), 0) % 7)],
  ["modular-program", 2, "the variable asked before", (w) => solvers["modular-program"]!(w, w.length - 2)],
  ["modular-program", 2, "the operand in the variable's own line", (w) => solvers["modular-program"]!(w, w.indexOf(ownLine(w)[1]!))],
  ["modular-program", 2, "the second operand in the variable's own line", (w) => (/\d/.test(ownLine(w)[3]!) ? ownLine(w)[3]! : solvers["modular-program"]!(w, w.indexOf(ownLine(w)[3]!)))],
  ["modular-program", 2, "nought", () => "0"],
])("%s, difficulty %d: %s is no better than chance", (id, difficulty, _, guess) => {
  const { rate: got, chance } = rate(id, difficulty, guess);
  expect(got).toBeLessThan(chance + 4 * Math.sqrt((chance * (1 - chance)) / n));
});

// What the doc comments say of those who can do a part of the work.
test.each<[string, number, string, Guess, number]>([
  ["selective-copying", 4, "one of the letters that there were", (w) => lettersOf(w)[0]!, 1 / 8],
  // C(8, 4) / 2⁹ above a half: the right bit tips the scales where the 8 others are even.
  ["flip-flop", 8, "the bit that occurs most", (w) => (digitsIn(w).filter((bit) => bit === "1").length * 2 > digitsIn(w).length ? "1" : "0"), 0.5 + 70 / 512],
  ["cups", 6, "where the ball was before the last swap", (w) => solvers["cups"]!(w, w.length - 2), 3 / 5],
])("%s, difficulty %d: %s is right as often as it says", (id, difficulty, _, guess, expected) => {
  expect(Math.abs(rate(id, difficulty, guess).rate - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / n));
});

test("selective copying: knowing the letters without their order is right 0.344 times", () => {
  const t = sequenceTask("selective-copying");
  const share = seeds(n).reduce((sum, seed) => {
    const problem = t.draw(seed, options(4));
    const letters = lettersOf(t.sequence(problem).words);
    return sum + letters.filter((letter) => letter === problem.answer).length / letters.length;
  }, 0) / n;
  expect(Math.abs(share - (1 / 4 + (3 / 4) * (1 / 8)))).toBeLessThan(0.012);
});

test("small pointer chase: one who follows one arrow only is right 1 time in 4 at two arrows", () => {
  const t = sequenceTask("small-pointer-chase");
  const share = seeds(n).reduce((sum, seed) => {
    const problem = t.draw(seed, options(2));
    const { words } = t.sequence(problem);
    const start = startOf(words);
    const left = [...arrowsOf(words).keys()].filter((letter) => letter !== start && letter !== arrowsOf(words).get(start));
    return sum + (left[seed % left.length] === problem.answer ? 1 : 0);
  }, 0) / n;
  expect(Math.abs(share - 1 / 4)).toBeLessThan(4 * Math.sqrt(3 / 16 / n));
});
