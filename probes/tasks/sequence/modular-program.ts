/**
 * Modular program: assignments modulo 7, some of them beside the point, then all variables are asked for.
 *
 *   a 3 ; d 5 ; b a + 4 ; e d * 2 ; c b - d ; ?  e a c d b        c = b − d = 0 mod 7
 *                                                                 behind each name stands its value
 *
 * Two variables get a number. A chain of k operations leads from one of them to the
 * variable that is asked for last; one more operation belongs to no chain. The second
 * operand is a number, or an earlier variable of + and −. Numbers are drawn evenly, a
 * factor is neither 0 nor 1, no variable is the same whatever the two numbers are, and
 * none is always equal to an earlier one but by adding 0, as happens 1 time in 7, so every
 * value is as likely as any other: a blind guess is right 1 time in 7.
 *
 * Source: a small relative of iGSM, Ye, Xu, Li & Allen-Zhu 2024, arXiv:2407.20311.
 */
import { Random } from "../../random.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { padding, promptOf, type Sequence, type SequenceTask } from "./sequence-task.ts";

interface Statement {
  readonly name: string;
  /** What is written behind the name: a number, or operand, operator, operand. */
  readonly words: readonly string[];
  readonly value: number;
}

export interface ModularProgramProblem extends Problem {
  readonly statements: readonly Statement[];
  /** All names in the order in which they are asked for. */
  readonly queries: readonly string[];
}

const modulus = 7;
const names = [..."abcdefgh"];
const digits = Array.from({ length: modulus }, (_, i) => String(i));
const maximum = 2;

/** A variable as α·x + β·y + γ of the two numbers x and y. */
type Linear = readonly [number, number, number];

const remainder = (n: number): number => ((n % modulus) + modulus) % modulus;
const combine = (a: Linear, b: Linear, sign: 1 | -1): Linear => [remainder(a[0] + sign * b[0]), remainder(a[1] + sign * b[1]), remainder(a[2] + sign * b[2])];

export const modularProgram: SequenceTask<ModularProgramProblem> = {
  id: "modular-program",
  title: "Modular program",
  explanation:
    "A small program: two variables get a number, the others are computed from earlier ones, all modulo 7. What is the value of each variable? " +
    "To know one that stands k operations deep, k results are needed one after the other, and one line is beside the point. " +
    "The deepest variable is asked for last, and counts. A blind guess is right 1 time in 7.",
  difficulty: { name: "operations", minimum: 1, maximum, initial: 1 },
  shots: null,
  variants: [],
  maxThoughts: 0,
  vocabulary: [padding, ...names, ...digits, "+", "-", "*", ";", "?"],
  length: 2 * 3 + 5 * (maximum + 1) + 1 + (maximum + 3),

  draw(seed: number, options: DrawOptions): ModularProgramProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const free = random.shuffle(names);
    const numbers = [random.integer(modulus), random.integer(modulus)] as const;
    const known = new Map<string, Linear>();
    const statements: Statement[] = [];
    const state = (words: readonly string[], value: Linear): string => {
      const name = free.pop()!;
      known.set(name, value);
      statements.push({ name, words, value: remainder(value[0] * numbers[0] + value[1] * numbers[1] + value[2]) });
      return name;
    };
    /** An operation on the variable `from`; drawn again where the result would not depend on the numbers, or be a copy. */
    const compute = (from: string): string => {
      for (;;) {
        const operator = random.pick(["+", "-", "*"] as const);
        const other = operator !== "*" && random.uniform() < 0.5 ? random.pick([...known.keys()]) : null;
        const constant = operator === "*" ? 2 + random.integer(modulus - 2) : random.integer(modulus);
        const left = known.get(from)!;
        const value: Linear = operator === "*" ? [remainder(left[0] * constant), remainder(left[1] * constant), remainder(left[2] * constant)] : combine(left, other === null ? [0, 0, constant] : known.get(other)!, operator === "+" ? 1 : -1);
        const copy = (other !== null || operator === "*") && [...known.values()].some((earlier) => String(earlier) === String(value));
        if (!copy && (value[0] !== 0 || value[1] !== 0)) return state([from, operator, other ?? String(constant)], value);
      }
    };
    const bases = [state([String(numbers[0])], [1, 0, 0]), state([String(numbers[1])], [0, 1, 0])] as const;
    const aside = random.integer(options.difficulty + 1);
    let asked = random.pick(bases);
    for (let i = 0; i <= options.difficulty; i++) {
      if (i === aside) compute(random.pick(bases));
      else asked = compute(asked);
    }
    const queries = [...random.shuffle(statements.map(({ name }) => name).filter((name) => name !== asked)), asked];
    const answer = String(statements.find(({ name }) => name === asked)!.value);
    return { task: this.id, seed, difficulty: options.difficulty, variant, answer, chance: 1 / modulus, statements, queries };
  },

  sequence({ statements, queries }: ModularProgramProblem): Sequence {
    const value = new Map(statements.map((statement) => [statement.name, String(statement.value)]));
    const words = [...statements.flatMap(({ name, words: right }) => [name, ...right, ";"]), "?"];
    const question = words.length - 1;
    const targets = queries.map((name) => ({ position: words.push(name) - 1, word: value.get(name)! }));
    return { words, question, targets };
  },

  prompt(problem: ModularProgramProblem) {
    return promptOf(this.sequence(problem));
  },

  sentence({ queries }: ModularProgramProblem): string {
    return `What is ${queries.at(-1)!}, modulo 7?`;
  },
};
