import { expect, test } from "vitest";
import { plainPrompts } from "./plain-prompts.ts";

test.each([1, 7, 99])("problem %d: the story's own arrows lead to the expected letter", (seed) => {
  const { prompts, expected } = plainPrompts(seed);
  const arrows = new Map([...prompts.direct.question.matchAll(/(\w) points to (\w)\./g)].map(([, from, to]) => [from!, to!]));
  const [, start, hops] = /Start at (\w) and follow (\d) arrows\. You end at$/.exec(prompts.direct.question)!;
  let at = start!;
  for (let i = 0; i < Number(hops); i++) at = arrows.get(at)!;
  expect(at).toBe(expected);
});

test("the solved examples are true, and none of them is the question", () => {
  const { prompts } = plainPrompts(7);
  const arrows = new Map([...prompts.icl.question.matchAll(/(\w) points to (\w)\./g)].map(([, from, to]) => [from!, to!]));
  const solved = [...prompts.icl.question.matchAll(/Start at (\w) and follow 2 arrows\. You end at (\w)\./g)];
  const asked = /Start at (\w) and follow 2 arrows\. You end at$/.exec(prompts.icl.question)![1];
  expect(solved).toHaveLength(2);
  for (const [, from, to] of solved) {
    expect(arrows.get(arrows.get(from!)!)).toBe(to);
    expect(from).not.toBe(asked);
  }
});
