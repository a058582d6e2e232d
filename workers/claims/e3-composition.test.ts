/** E3: the table of facts, the verdicts, and a small run. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, drawFacts, experiment } from "./e3-composition.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

const size = { entities: 12, relations: 5 };
const { facts, trained, inside, outside } = drawFacts(new Random(3), size);
const answers = new Map(facts.map(({ tokens: [h, r], answer }) => [`${h} ${r}`, answer]));
const used = (questions: typeof facts): Set<string> =>
  new Set(questions.flatMap(({ tokens: [h, r1, r2] }) => [`${h} ${r1}`, `${answers.get(`${h} ${r1}`)} ${r2}`]));

test("all facts are there, each once", () => {
  expect(answers.size).toBe(60);
  expect(facts.every(({ tokens: [, , last] }) => last === 17)).toBe(true);
});
test("every composition is what following two facts gives", () => {
  for (const { tokens: [h, r1, r2], answer } of [...trained, ...inside, ...outside]) expect(answer).toBe(answers.get(`${answers.get(`${h} ${r1}`)} ${r2}`));
});
test("no question of a test is trained on; no outside fact occurs in any inside composition", () => {
  const asked = new Set(trained.map(({ tokens }) => tokens.join(" ")));
  for (const { tokens } of [...inside, ...outside]) expect(asked.has(tokens.join(" "))).toBe(false);
  const known = used([...trained, ...inside]);
  for (const fact of used(outside)) expect(known.has(fact)).toBe(false);
  expect(outside.length).toBeGreaterThan(3);
});
test("each verdict", () => {
  const judge = (known: number, within: number, beyond: number): string => claim.judge(constructed({ facts: known, inside: within, outside: beyond }), thresholdsOf(claim)).verdict;
  expect([judge(1, 1, 1), judge(1, 1, 0.05), judge(1, 0.1, 0.05), judge(0.5, 1, 1), judge(1, 0.5, 0.05)]).toEqual(["supports", "mixed", "refutes", "mixed", "mixed"]);
});
test("what was recorded keeps the rules; the sabotage changes its verdict", () => expect(claimFaults(claim, recordedEvidence("E3"), recordedEvidence("E3", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence", async () => {
  const run = () => experiment({ seeds: [1], sabotaged: false, progress: () => Promise.resolve() }, { ...size, layers: 1, hiddenSize: 8, batch: 8, steps: 4, every: 2 });
  expect(await run()).toEqual(await run());
});
