/** What is said of the architectures agrees with what they are. */
import { expect, test } from "vitest";
import { architectures } from "../../workers/lab/architectures.ts";
import { initialParameters } from "../../workers/lab/lesson.ts";
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import { weightsOf } from "../../workers/toys/weights.ts";
import { explanations } from "./lab-explanations.ts";

const task = sequenceTask("cups");

test.each(architectures.map((a) => [a.id, a] as const))("%s: every phrase is quoted and answered, and the reach is the model's", (id, a) => {
  const { holds, fails, here, assumes, state, formula, sentence } = explanations[id];
  for (const { phrase, text } of [...holds, ...fails]) {
    expect(phrase).toMatch(/\p{Script=Han}/u);
    expect(text.length).toBeGreaterThan(20);
  }
  expect([holds.length, fails.length, formula.length].every((n) => n > 0)).toBe(true);
  for (const said of [here, assumes, state]) expect(said).toMatch(/\.$/);
  expect(sentence).not.toMatch(/\.$/);
  if (a.reach !== null) expect(here).toMatch(new RegExp(`\\b${a.reach} tokens`));
});

test("sizes that are named are those of the parameters", () => {
  const shape = (id: string, name: string): readonly number[] => weightsOf(initialParameters(architectures.find((a) => a.id === id)!, task, 1))[name]!.shape;
  expect(explanations.rnn.state).toContain(`${shape("rnn", "blocks.0.output")[0]} numbers`);
  const [channels, stateSize] = shape("mamba", "blocks.0.mamba.logA");
  expect(explanations.mamba.state).toContain(`${stateSize} numbers for each of ${channels} channels`);
  expect(shape("moe", "blocks.0.mlp.router")[1]).toBe(4);
  expect(explanations.moe.here).toContain("four small experts");
});
