/** What is recorded and shipped belongs to the models that are here: sizes, lengths, tasks, and what the weights can do. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import { dispose } from "../toys/autodiff.ts";
import { withWeights } from "../toys/weights.ts";
import { architecture } from "./architectures.ts";
import { initialParameters, recipe } from "./lesson.ts";
import type { LessonResult } from "./results.ts";
import { parameterCount } from "./sequence-model.ts";
import { examinations, finalProblems, smoothing, Student } from "./student.ts";
import { decodeWeights } from "./weights-file.ts";

const folder = new URL("./recorded/", import.meta.url);
const results = JSON.parse(readFileSync(new URL("results.json", folder), "utf8")) as LessonResult[];
const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
const read = (name: string) => decodeWeights(new Uint8Array(readFileSync(new URL(name, folder))));

test("each result is one whole training of a model that is here, and none is there twice", () => {
  expect(new Set(results.map(({ architecture, task, seed }) => `${architecture} ${task} ${seed}`)).size).toBe(results.length);
  for (const { architecture: id, task: name, seed, date, parameters, steps, losses, progress, accuracy } of results) {
    const task = sequenceTask(name);
    const initial = initialParameters(architecture(id), task, seed);
    expect(parameters).toBe(parameterCount(initial));
    dispose(initial);
    expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(steps).toBe(recipe.steps);
    expect(losses.map(([step]) => step)).toEqual(Array.from({ length: steps / smoothing }, (_, i) => (i + 1) * smoothing));
    expect(progress.map(({ step }) => step)).toEqual(Array.from({ length: steps / examinations.every }, (_, i) => (i + 1) * examinations.every));
    expect(accuracy.map(({ difficulty }) => difficulty)).toEqual(Array.from({ length: task.difficulty.maximum - task.difficulty.minimum + 1 }, (_, i) => task.difficulty.minimum + i));
    for (const { correct, of } of accuracy) expect([of, correct >= 0 && correct <= of]).toEqual([finalProblems, true]);
  }
});

test("the same seed repeats a recorded run", async () => {
  const record = results.find(({ architecture, task }) => architecture === "mlp" && task === "cups") ?? results[0]!;
  const student = new Student(record);
  for await (const { step } of student.study(smoothing)) expect(step).toBeLessThanOrEqual(smoothing);
  student.losses.forEach(([step, loss], i) => expect([step, loss]).toEqual([record.losses[i]![0], expect.closeTo(record.losses[i]![1], 2)]));
  expect(student.losses).toHaveLength(1);
  student.dispose();
});

test("shipped weights fit their models, and stand beside what their training came to", () => {
  for (const name of files) {
    const { architecture: id, task, seed, steps, weights } = read(name);
    expect(name).toBe(`${id}-${task}.safetensors`);
    expect(results.some((result) => result.architecture === id && result.task === task && result.seed === seed && result.steps === steps)).toBe(true);
    dispose(withWeights(initialParameters(architecture(id), sequenceTask(task), seed), weights));
  }
});

const recalls = "transformer-multi-query-recall.safetensors";
test.skipIf(!files.includes(recalls))("rounded to float16 they are as often right as recorded, to within 2 of 100", () => {
  const file = read(recalls);
  const student = new Student(file, file.weights);
  const { accuracy } = results.find(({ architecture, task, seed }) => architecture === file.architecture && task === file.task && seed === file.seed)!;
  const { initial } = sequenceTask(file.task).difficulty;
  expect(Math.abs(student.examine(initial, finalProblems).correct - accuracy.find(({ difficulty }) => difficulty === initial)!.correct)).toBeLessThanOrEqual(finalProblems / 50);
  student.dispose();
});
