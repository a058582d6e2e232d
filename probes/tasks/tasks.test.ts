import { readFileSync, existsSync } from "node:fs";
import { expect, test } from "vitest";
import { decodingModes } from "../trace.ts";
import type { DecodingMode } from "../trace.ts";
import { defaultTask, task, tasks, tasksFor } from "./index.ts";
import { pointerChase } from "./pointer-chase.ts";
import { reachability } from "./reachability.ts";
import { ruleTables } from "./rule-tables.ts";
import { rules } from "./rules.ts";
import { traceAccuracy } from "./task.ts";
import type { DrawOptions, Problem, Prompt } from "./task.ts";

const seeds = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const options = (difficulty: number, shots = 4, variant: string | null = null): DrawOptions => ({ difficulty, shots, variant });
const file = (path: string): URL => new URL(`../../models/${path}`, import.meta.url);

// Independent of drawing: the answer is found again from the written prompt alone.
const arrows = (context: string): Map<string, string> => {
  const words = context.split(" ").slice(2);
  return new Map(Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i + 1]!, words[2 * i]!]));
};

/** The tasks in the embedded model's own format; those in plain English are tested in `language/`. */
const own = tasks.filter(({ language }) => !language);

test("a task is found by its id", () => {
  expect(tasks.map(({ id }) => id)).toEqual(["pointer-chase", "reachability", "rules", "ball-swaps", "who-points-to-whom", "number-chains"]);
  for (const known of tasks) expect(task(known.id)).toBe(known);
  expect(() => task("chess")).toThrow(new RangeError("task: expected one of pointer-chase, reachability, rules, ball-swaps, who-points-to-whom, number-chains, got chess; choose one of these"));
});

test.each([
  ["the embedded model", { source: "embedded", vocabSize: 64 }, "pointer-chase"],
  ["an embedded model of any vocabulary", { source: "embedded", vocabSize: 50_000 }, "pointer-chase"],
  ["a packed model of few words", { source: "folder", vocabSize: 1000 }, "pointer-chase"],
  ["a model of natural language", { source: "hub", vocabSize: 49_152 }, "ball-swaps"],
] as const)("%s begins with a task that it can read", (_, spec, first) => {
  expect(defaultTask(spec).id).toBe(first);
  expect(tasksFor(spec)).toHaveLength(3);
  expect(new Set(tasksFor(spec).map(({ language }) => language)).size).toBe(1);
});

test("the same seed draws the same problem, another seed another", () => {
  for (const { draw, difficulty } of tasks.map((t) => ({ draw: t.draw.bind(t), difficulty: t.difficulty.initial }))) {
    expect(draw(7, options(difficulty))).toEqual(draw(7, options(difficulty)));
    expect(draw(7, options(difficulty))).not.toEqual(draw(8, options(difficulty)));
  }
});

test("a graph depends on the seed alone, and more shots keep those there were", () => {
  for (const seed of seeds(20)) {
    expect(pointerChase.draw(seed, options(1, 0)).edges).toEqual(pointerChase.draw(seed, options(6, 4)).edges);
    expect(reachability.draw(seed, options(1, 0)).edges).toEqual(reachability.draw(seed, options(4, 4)).edges);
    expect(pointerChase.draw(seed, options(3, 4)).shots.slice(0, 2)).toEqual(pointerChase.draw(seed, options(3, 2)).shots);
    expect(rules.draw(seed, options(11)).shots.slice(0, 5)).toEqual(rules.draw(seed, options(5)).shots);
  }
});

test("pointer chase: one ring, the answer k arrows on, shots from other starts", () => {
  for (const seed of seeds(300)) {
    const hops = 1 + (seed % 6);
    const problem = pointerChase.draw(seed, options(hops));
    const from = arrows(pointerChase.prompt(problem, "direct").context);
    expect(from.size).toBe(16);
    expect(new Set(from.values()).size).toBe(16);
    const back = (letter: string, n: number): string => (n === 0 ? letter : back(from.get(letter)!, n - 1));
    expect(back(problem.answer, hops)).toBe(problem.start);
    expect(back(problem.start, 16)).toBe(problem.start);
    expect(new Set(seeds(16).map((n) => back(problem.start, n))).size).toBe(16);
    expect(problem.shots).toHaveLength(4);
    for (const shot of problem.shots) expect(back(shot.answer, hops)).toBe(shot.start);
    expect(new Set([problem, ...problem.shots].map(({ start }) => start)).size).toBe(5);
    expect(new Set([problem, ...problem.shots].map(({ answer }) => answer)).size).toBe(5);
  }
});

test("reachability: two trees, candidates on the same level, no candidate twice", () => {
  for (const seed of seeds(300)) {
    const depth = 1 + (seed % 4);
    const problem = reachability.draw(seed, options(depth));
    const from = arrows(reachability.prompt(problem, "direct").context);
    const rootOf = (letter: string): [string, number] => {
      let at = letter;
      let n = 0;
      for (; from.has(at); n++) at = from.get(at)!;
      return [at, n];
    };
    expect(from.size).toBe(16);
    const roots = problem.trees.map((tree) => tree[0]![0]!);
    expect(new Set(problem.trees.flat(2)).size).toBe(18);
    for (const shot of [problem, ...problem.shots]) {
      expect(rootOf(shot.answer)).toEqual([shot.root, shot.depth]);
      const wrong = shot.candidates.find((letter) => letter !== shot.answer)!;
      expect(rootOf(wrong)).toEqual([roots.find((root) => root !== shot.root), shot.depth]);
    }
    const shown = [problem, ...problem.shots].flatMap(({ candidates }) => candidates);
    expect(new Set(shown).size).toBe(shown.length);
    problem.frontier.forEach((level, l) => level.forEach((letter) => expect(rootOf(letter)).toEqual([problem.root, l + 1])));
    expect(problem.frontier).toHaveLength(depth);
    expect(problem.trees.map((tree) => tree.map((level) => level.length))).toEqual([[1, 2, 2, 2, 2], [1, 2, 2, 2, 2]]);
  }
});

test("reachability: shots are of any level and either root", () => {
  const shots = seeds(500).flatMap((seed) => {
    const problem = reachability.draw(seed, options(3));
    return problem.shots.map(({ depth, root }) => ({ depth, same: root === problem.root }));
  });
  near(shots.filter(({ same }) => same).length / shots.length, 0.5);
  // As in data.py, the query takes the first question of its level in a random order of eight, so the other one of
  // that level stands behind it, and is among the next four with probability (1 + 2 + 3 + 4) / 28.
  near(shots.filter(({ depth }) => depth === 3).length / shots.length, 10 / 28 / 4, 0.025);
});

test("rules: labels follow the table, the query is not among the shots", () => {
  for (const seed of seeds(300)) {
    const problem = rules.draw(seed, options(seed % 12));
    const label = (letter: string): string => String(ruleTables[problem.rule]![letter.charCodeAt(0) - 97]);
    expect(problem.table).toEqual(ruleTables[problem.rule]);
    expect(problem.answer).toBe(label(problem.query));
    expect(problem.shots).toHaveLength(seed % 12);
    for (const [letter, y] of problem.shots) expect(y).toBe(label(letter));
    expect(new Set([problem.query, ...problem.shots.map(([letter]) => letter)]).size).toBe(1 + problem.shots.length);
  }
});

test("rules: a variant redraws as many entries as it says, and nothing else", () => {
  const share = (variant: string): number => {
    let same = 0;
    for (const seed of seeds(300)) {
      const problem = rules.draw(seed, options(6, 0, variant));
      const original = rules.draw(seed, options(6));
      expect([problem.rule, problem.query]).toEqual([original.rule, original.query]);
      expect(problem.answer).toBe(String(problem.table[problem.query.charCodeAt(0) - 97]));
      same += problem.table.filter((y, x) => y === original.table[x]).length;
    }
    return same / (300 * 16);
  };
  expect(share("in-distribution")).toBe(1);
  near(share("partly-redrawn"), 0.5 + 0.5 / 4);
  near(share("fresh-rule"), 1 / 4);
});

test("rules: sixteen rules and sixteen queries are drawn evenly, labels as the tables hold them", () => {
  const drawn = seeds(4000).map((seed) => rules.draw(seed, options(0)));
  for (const rule of seeds(16)) near(drawn.filter((p) => p.rule === rule).length / 4000, 1 / 16, 0.02);
  for (const letter of "abcdefghijklmnop") near(drawn.filter((p) => p.query === letter).length / 4000, 1 / 16, 0.02);
  for (const y of seeds(4)) near(drawn.filter((p) => p.answer === String(y)).length / 4000, ruleTables.flat().filter((x) => x === y).length / 256);
});

test("the tables are those of models/nano/rules.json", () => {
  expect(ruleTables).toEqual(JSON.parse(readFileSync(file("nano/rules.json"), "utf8")));
});

// ——— no leak: heuristics that follow no arrows score at chance ———

/** Within four standard errors and more of a rate from 2000 problems. */
function near(rate: number, chance: number, by = 0.045): void {
  expect(Math.abs(rate - chance)).toBeLessThan(by);
}

const chases = seeds(2000).map((seed) => pointerChase.draw(seed, options(4)));
const targets = (p: (typeof chases)[number]): string[] => p.edges.map(([, v]) => v);
test.each<[string, (p: (typeof chases)[number]) => string]>([
  ["the letter written first", (p) => p.edges[0]![0]],
  ["the target written last", (p) => targets(p).at(-1)!],
  ["the target written four arrows behind the start's", (p) => targets(p)[(p.edges.findIndex(([u]) => u === p.start) + 4) % 16]!],
  ["the letter four on in the alphabet of the ring", (p) => [...p.cycle].sort()[([...p.cycle].sort().indexOf(p.start) + 4) % 16]!],
  ["the first letter of the alphabet", (p) => [...p.cycle].sort()[0]!],
  ["the letter after the start", (p) => p.edges.find(([u]) => u === p.start)![1]],
])("pointer chase does not leak through %s", (_, guess) => {
  const rate = chases.filter((p) => guess(p) === p.answer).length / 2000;
  expect(rate).toBeLessThan(1 / 15 + 0.023);
});

const reaches = seeds(2000).map((seed) => reachability.draw(seed, options(3)));
type Reach = (typeof reaches)[number];
const ancestors = (p: Reach, letter: string): number => {
  const parent = p.edges.find(([, v]) => v === letter)?.[0];
  return parent === undefined ? 0 : 1 + ancestors(p, parent);
};
const degree = (p: Reach, letter: string, end: 0 | 1): number => p.edges.filter((edge) => edge[end] === letter).length;
const place = (p: Reach, letter: string, end: 0 | 1): number => p.edges.findIndex((edge) => edge[end] === letter);
test.each<[string, (p: Reach, letter: string) => number]>([
  ["in-degree", (p, letter) => degree(p, letter, 1)],
  ["out-degree", (p, letter) => degree(p, letter, 0)],
  ["ancestor count", ancestors],
  ["letter order", (_, letter) => letter.charCodeAt(0)],
  ["the position in the edge list as target", (p, letter) => place(p, letter, 1)],
  ["the position in the edge list as source", (p, letter) => place(p, letter, 0)],
  ["the distance in the edge list from the root's first arrow", (p, letter) => Math.abs(place(p, letter, 1) - place(p, p.root, 0))],
  ["the alphabet's distance from the root", (p, letter) => Math.abs(letter.charCodeAt(0) - p.root.charCodeAt(0))],
  ["the position among the candidates", (p, letter) => p.candidates.indexOf(letter)],
])("reachability does not leak through %s", (_, score) => {
  let right = 0;
  for (const p of reaches) {
    const [a, b] = p.candidates.map((letter) => score(p, letter)) as [number, number];
    // A tie is a coin.
    right += a === b ? 0.5 : Number((a > b ? p.candidates[0] : p.candidates[1]) === p.answer);
  }
  near(right / 2000, 0.5);
});

test("fresh rules do not leak: the commonest label of the shots is at chance", () => {
  const rate = seeds(2000).filter((seed) => {
    const p = rules.draw(seed, options(11, 0, "fresh-rule"));
    const counts = seeds(4).map((y) => p.shots.filter(([, label]) => label === String(y)).length);
    return String(counts.indexOf(Math.max(...counts))) === p.answer;
  }).length / 2000;
  near(rate, 0.25);
});

// ——— prompts ———

const written = ({ context, question, cue }: Prompt): string[] => [context, question, cue];
test("prompts are as the model was trained", () => {
  const chase = { ...pointerChase.draw(1, options(2, 1)), edges: [["a", "b"], ["b", "c"]] as const, cycle: ["a", "b", "c"], start: "a", answer: "c", shots: [{ start: "b", answer: "a" }] };
  const context = "<bos> <hop> a b b c";
  expect(written(pointerChase.prompt(chase, "direct"))).toEqual([context, "<direct> 2 a <ans>", ""]);
  expect(written(pointerChase.prompt(chase, "icl"))).toEqual([`${context} <icl> 2 b <ans> a |`, "2 a <ans>", ""]);
  expect(written(pointerChase.prompt(chase, "cot"))).toEqual([context, "<cot> 2 a", "<ans>"]);
  expect(pointerChase.prompt(chase, "cot").thinking).toEqual({ kind: "text", stop: "<ans>", maxTokens: 4, reference: [["b"], ["c"]] });
  expect(written(pointerChase.prompt(chase, "latent"))).toEqual([context, "<latent> 2 a", "<ans>"]);
  expect(pointerChase.prompt(chase, "latent").thinking).toEqual({ kind: "latent", steps: 2 });

  const reach = { ...reachability.draw(1, options(2, 1)), edges: [["r", "a"]] as const, root: "r", candidates: ["c", "d"] as const, frontier: [["a", "b"], ["c", "e"]], shots: [{ depth: 1, root: "r", candidates: ["a", "x"] as const, answer: "a" }] };
  expect(written(reachability.prompt(reach, "direct"))).toEqual(["<bos> <reach> r a", "<direct> 2 r <ans> c d", ""]);
  expect(written(reachability.prompt(reach, "icl"))).toEqual(["<bos> <reach> r a <icl> 1 r <ans> a x a |", "2 r <ans> c d", ""]);
  expect(written(reachability.prompt(reach, "cot"))).toEqual(["<bos> <reach> r a", "<cot> 2 r", "<ans> c d"]);
  expect(reachability.prompt(reach, "cot").thinking).toEqual({ kind: "text", stop: "<ans>", maxTokens: 6, reference: [["a", "b"], ["c", "e"]] });
  expect(written(reachability.prompt(reach, "latent"))).toEqual(["<bos> <reach> r a", "<latent> 2 r", "<ans> c d"]);

  const rule = { ...rules.draw(1, options(2)), rule: 3, shots: [["a", "1"], ["b", "0"]] as const, query: "c" };
  expect(written(rules.prompt(rule, "direct"))).toEqual(["<bos> <icl>", "c", ""]);
  expect(written(rules.prompt(rule, "icl"))).toEqual(["<bos> <icl> a 1 b 0", "c", ""]);
  expect(written(rules.prompt(rule, "cot"))).toEqual(["<bos> <icl> a 1 b 0", "<cot> c", "<ans>"]);
  expect(rules.prompt(rule, "cot").thinking).toMatchObject({ reference: [["<r3>"]] });
  expect(written(rules.prompt(rule, "latent"))).toEqual(["<bos> <icl> a 1 b 0", "<latent> c", "<ans>"]);
});

test("every mode's context begins with the graph, or with what direct sees", () => {
  for (const t of own) {
    const problem = t.draw(3, options(t.difficulty.initial));
    const graph = t.prompt(problem, "direct").context;
    for (const mode of decodingModes) expect(t.prompt(problem, mode).context.startsWith(graph)).toBe(true);
  }
});

test("a sentence asks the question in plain English", () => {
  const chase = pointerChase.draw(1, options(1));
  expect(pointerChase.sentence(chase)).toBe(`Which letter lies 1 arrow after ${chase.start}?`);
  expect(pointerChase.sentence({ ...chase, hops: 4 })).toBe(`Which letter lies 4 arrows after ${chase.start}?`);
  const reach = reachability.draw(1, options(2));
  expect(reachability.sentence(reach)).toBe(`Which of ${reach.candidates[0]} and ${reach.candidates[1]} lies 2 levels below ${reach.root}?`);
  expect(rules.sentence({ ...rules.draw(1, options(0)), query: "k" })).toBe("Which label has k?");
  expect(rules.sentence({ ...rules.draw(1, options(0)), query: "k", shots: [["a", "1"], ["b", "0"]] })).toBe("If a is 1, b is 0, which label has k?");
});

test("every explanation names chance", () => {
  for (const t of tasks) expect(t.explanation).toMatch(/right 1 time in \d+/);
});

test.each<[string, () => Problem, string]>([
  ["0 hops", () => pointerChase.draw(1, options(0)), "pointer-chase: expected 1 to 6 hops, got 0; choose a whole number in that range"],
  ["7 hops", () => pointerChase.draw(1, options(7)), "pointer-chase: expected 1 to 6 hops, got 7; choose a whole number in that range"],
  ["half a hop", () => pointerChase.draw(1, options(1.5)), "pointer-chase: expected 1 to 6 hops, got 1.5; choose a whole number in that range"],
  ["five shots", () => pointerChase.draw(1, options(1, 5)), "pointer-chase: expected 0 to 4 shots, got 5; choose a whole number in that range"],
  ["minus one shot", () => reachability.draw(1, options(1, -1)), "reachability: expected 0 to 4 shots, got -1; choose a whole number in that range"],
  ["5 levels", () => reachability.draw(1, options(5)), "reachability: expected 1 to 4 levels, got 5; choose a whole number in that range"],
  ["a variant where there is none", () => reachability.draw(1, options(1, 0, "fresh-rule")), "reachability: expected no variant, got fresh-rule; choose null"],
  ["12 shots of a rule", () => rules.draw(1, options(12)), "rules: expected 0 to 11 shots, got 12; choose a whole number in that range"],
  ["an unknown variant", () => rules.draw(1, options(1, 0, "other")), "rules: expected a variant among in-distribution, partly-redrawn, fresh-rule, got other; choose in-distribution"],
  ["a broken seed", () => rules.draw(NaN, options(1)), "rules: expected a whole number as seed, got NaN; choose one such as 1"],
])("%s is refused", (_, draw, message) => expect(draw).toThrow(new RangeError(message)));

test("trace accuracy: order is free inside a step and bound between steps", () => {
  expect(traceAccuracy(["b", "a", "c", "d"], [["a", "b"], ["c", "d"]])).toBe(1);
  expect(traceAccuracy(["c", "d", "a", "b"], [["a", "b"], ["c", "d"]])).toBe(0);
  expect(traceAccuracy(["a", "b"], [["a", "b"], ["c", "d"]])).toBe(0.5);
  expect(traceAccuracy([], [])).toBe(1);
});

// ——— the training side writes the same text ———

interface Sample {
  readonly task: string;
  readonly mode: DecodingMode;
  readonly problem: Problem;
  readonly prompt: string;
  readonly thoughts: number | null;
  /** The chain of thought, without the `<ans>` that ends it; null in the other modes. */
  readonly cot: string | null;
  readonly cue: string;
  readonly answer: string;
}
const samples = file("train/samples.json");
test.skipIf(!existsSync(samples))("the prompts of models/train/samples.json, written again from their structures (skipped while the file does not exist)", () => {
  const read = JSON.parse(readFileSync(samples, "utf8")) as Sample[];
  const common = ["task", "seed", "difficulty", "variant", "chance"];
  for (const sample of read) {
    const { context, question, thinking, cue } = task(sample.task).prompt(sample.problem, sample.mode);
    expect(`${context} ${question}`).toBe(sample.prompt);
    expect(sample.problem.answer).toBe(sample.answer);
    const fields = Object.keys(task(sample.task).draw(1, options(2))).filter((key) => !common.includes(key));
    expect(Object.keys(sample.problem).sort()).toEqual(fields.sort());
    if (thinking.kind === "text") {
      const produced = sample.cot?.split(" ") ?? [];
      expect(produced.length).toBe(thinking.reference.flat().length);
      expect(traceAccuracy(produced, thinking.reference)).toBe(1);
    } else expect(sample.cot).toBeNull();
    expect(cue).toBe(sample.cue);
    if (thinking.kind === "latent") expect(sample.thoughts).toBeLessThanOrEqual(task(sample.task).maxThoughts);
  }
  for (const t of own) for (const mode of decodingModes) expect(read.some((s) => s.task === t.id && s.mode === mode)).toBe(true);
});
