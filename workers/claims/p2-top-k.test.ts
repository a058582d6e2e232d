/** P2: the sequences, the recall of edges on patterns that are known, the verdicts, and a small run. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf, type Evidence } from "./claim.ts";
import { budgets, claim, drawSequence, edgeRecalls, experiment, type Sequence } from "./p2-top-k.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

const random = new Random(1);
const sequences: readonly Sequence[] = Array.from({ length: 40 }, () => drawSequence(random));

test("every question is answered by the facts before it", () => {
  for (const { tokens, answers, places } of sequences) {
    const facts = tokens.slice(0, 16).map((token) => ({ key: Math.floor(token / 4), value: token % 4 }));
    expect(new Set(facts.map(({ key }) => key)).size).toBe(16);
    tokens.slice(16).forEach((token, q) => {
      const count = (v: number): number => facts.filter(({ value }) => value === v).length;
      if (token === 80) expect([0, 1, 2, 3].filter((v) => count(v) >= count(answers[q]!))).toEqual([answers[q]]);
      else expect(facts[places[q]!]).toEqual({ key: token - 64, value: answers[q] });
    });
  }
});

const [B, H, T, D] = [sequences.length, 2, 20, 3];
/** A pattern that ranks the tokens of every question by `size`, in both heads. */
function patternOf(size: (b: number, t: number, s: number) => number): Float32Array {
  const pattern = new Float32Array(B * H * T * T);
  for (let b = 0; b < B; b++) for (let h = 0; h < H; h++) for (let t = 0; t < T; t++) for (let s = 0; s <= t; s++) pattern[((b * H + h) * T + t) * T + s] = size(b, t, s);
  return pattern;
}
const edgeOf = (b: number, t: number): number => sequences[b]!.places[t - 16] ?? -1;

test("a head that looks where it should has recall 1 from k = 1; reversed, only with all", () => {
  const perfect = patternOf((b, t, s) => (s === edgeOf(b, t) ? 1 : 1e-3 * (s + 1)));
  expect(edgeRecalls(sequences, perfect, new Float32Array(B * T * D), false).byScore).toEqual(Array(budgets.length).fill(1));
  const reversed = edgeRecalls(sequences, perfect, new Float32Array(B * T * D), true).byScore;
  expect(reversed[0]).toBeLessThan(0.2);
  expect(reversed.at(-1)).toBe(1);
});
test("a head that ranks it third has recall from k = 3", () => {
  // Two others above it, whichever it is.
  const third = patternOf((b, t, s) => (s === edgeOf(b, t) ? 2 : s === t || s === (edgeOf(b, t) + 1) % 16 ? 3 : 0));
  expect(edgeRecalls(sequences, third, new Float32Array(B * T * D), false).byScore.slice(0, 3)).toEqual([0, 0, 1]);
});
test("one head is enough", () => {
  const one = patternOf((b, t, s) => (s === edgeOf(b, t) ? 0 : 1));
  for (let b = 0; b < B; b++) for (let t = 16; t < T; t++) if (edgeOf(b, t) >= 0) one[((b * H + 1) * T + t) * T + edgeOf(b, t)] = 2;
  expect(edgeRecalls(sequences, one, new Float32Array(B * T * D), false).byScore[0]).toBe(1);
});
test("the nearest state counts, the query itself does not; chance is k / n in each of two heads, k / (n − 1) among others", () => {
  const input = new Float32Array(B * T * D);
  sequences.forEach(({ places }, b) => {
    for (let t = 0; t < T; t++) input[(b * T + t) * D] = 10 * t;
    // Only one question per place can be tested so: the first look-up is put beside its fact.
    const q = places.findIndex((place) => place >= 0);
    input[(b * T + 16 + q) * D] = input[(b * T + places[q]!) * D]! + 1;
  });
  const one = sequences.map((sequence) => ({ ...sequence, places: sequence.places.map((place, q) => (q === sequence.places.findIndex((p) => p >= 0) ? place : -1)) }));
  const { byDistance, chance, chanceOnce } = edgeRecalls(one, patternOf(() => 0), input, false);
  expect(byDistance).toEqual(Array(budgets.length).fill(1));
  expect(chance[0]).toBeGreaterThan(1 - (1 - 1 / 20) ** 2 - 1e-9);
  expect(chance[0]).toBeLessThan(1 - (1 - 1 / 17) ** 2 + 1e-9);
  expect(chanceOnce[0]).toBeGreaterThan(1 / 19 - 1e-9);
  expect(chanceOnce[0]).toBeLessThan(1 / 16 + 1e-9);
});

test("each verdict", () => {
  const judge = (recall: number, lookup: number, dense: number, majority: number) =>
    claim.judge({ quantities: Object.entries({ recall, lookup, "lookup-dense": dense, majority, "majority-dense": 1 }).map(([id, value]) => ({ id, value, label: id, unit: "1" })), figures: [] }, thresholdsOf(claim)).verdict;
  expect([judge(1, 1, 1, 1), judge(1, 1, 1, 0.5), judge(0.9, 1, 1, 1), judge(1, 0.5, 1, 1), judge(1, 0.5, 0.5, 1)]).toEqual(["supports", "mixed", "refutes", "refutes", "mixed"]);
});
test("what was recorded keeps the rules; the sabotage changes its verdict", () => expect(claimFaults(claim, recordedEvidence("P2"), recordedEvidence("P2", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence", async () => {
  const run = (sabotaged: boolean): Promise<Evidence> => experiment({ seeds: [1], sabotaged, progress: () => Promise.resolve() }, { steps: 2, batch: 4, tests: 30, budgets: [4, 20] });
  const evidence = await run(false);
  expect(await run(false)).toEqual(evidence);
  // Dense attention is the same whichever way the scores are sorted.
  const of = ({ quantities }: Evidence, id: string): number => quantities.find((quantity) => quantity.id === id)!.value;
  const spoiled = await run(true);
  expect(of(spoiled, "lookup-dense")).toBe(of(evidence, "lookup-dense"));
  expect(of(spoiled, "recall")).not.toBe(of(evidence, "recall"));
});
