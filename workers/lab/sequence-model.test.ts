/** The sequence model around every architecture: sizes, losses, and that everything learns. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { sequenceTask, sequenceTasks } from "../../probes/tasks/sequence/index.ts";
import { dispose, fromTensor, grad, jit, type OwnedFunction, toTensor } from "../toys/autodiff.ts";
import { zeros } from "../toys/initialise.ts";
import { weightsOf } from "../toys/weights.ts";
import { architectureIds } from "./architecture.ts";
import { architecture, architectures } from "./architectures.ts";
import { type Batch, batchOf, firstTestSeed, testProblem, trainingProblems } from "./batches.ts";
import { initialParameters } from "./lesson.ts";
import { hiddenSize, parameterCount, sequenceLoss, type SequenceParameters } from "./sequence-model.ts";
import { ToyDecoder } from "./toy-decoder.ts";

test("there are eight, in the order of the essay", () => {
  expect(architectures.map(({ id }) => id)).toEqual(architectureIds);
  expect(() => architecture("lstm")).toThrow("architecture: expected one of mlp, cnn, rnn, mamba, transformer, moe, sparse-attention, gated-attention, got lstm");
});

test.each(sequenceTasks.map((t) => [t.id, t] as const))("on %s all have as many parameters, to within 5 %%", (_, task) => {
  const counts = architectures.map((a) => {
    const parameters = initialParameters(a, task, 1);
    const count = parameterCount(parameters);
    dispose(parameters);
    return count;
  });
  expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.05);
});

test("training problems come from seeds below those of test problems, every difficulty alike", () => {
  const task = sequenceTask("cups");
  const drawn = trainingProblems(task, new Random(1), 1600);
  expect(drawn.every(({ seed }) => seed >= 0 && seed < firstTestSeed)).toBe(true);
  expect(testProblem(task, 3, 7).seed).toBe(firstTestSeed + 7);
  for (let d = 1; d <= 8; d++) expect(Math.abs(drawn.filter(({ difficulty }) => difficulty === d).length - 200)).toBeLessThan(70);
});

test("a batch asks for every target in training, and for the answer alone in an examination", () => {
  const task = sequenceTask("selective-copying");
  const problem = { ...testProblem(task, 2, 0), letters: ["b", "a"], places: [1, 4] };
  const { tokens, targets } = batchOf(task, [problem], "all");
  expect(toTensor(tokens.ref).data.join("")).toBe(["9", "2", "9", "9", "1", "9", "9", "9", "9", "9", "9", "9", "9", "9", "9", "9", "10", "10", "0", "0", "0", "0"].join(""));
  const asked = (array: typeof targets): string[] => {
    const { shape, data } = toTensor(array);
    return [...data].flatMap((x, i) => (x === 1 ? [`${Math.floor(i / shape[2]!)}:${task.vocabulary[i % shape[2]!]}`] : []));
  };
  expect(asked(targets)).toEqual(["16:b", "17:a"]);
  const alone = batchOf(task, [problem], "answer");
  expect(asked(alone.targets)).toEqual(["17:a"]);
  dispose([tokens, alone.tokens]);
});

test.each(["transformer", "moe"])("%s: without an unembedding the loss is ln V", (id) => {
  const task = sequenceTask("cups");
  const p = initialParameters(architecture(id), task, 1);
  p.unembedding.dispose();
  p.unembedding = zeros([hiddenSize, task.vocabulary.length]);
  const loss = sequenceLoss(architecture(id), p, batchOf(task, trainingProblems(task, new Random(2), 3))).item();
  // A mixture of experts adds its load balance: 0.01 to 0.04 in each of two blocks.
  const [least, most] = id === "moe" ? [0.019, 0.081] : [0, 0];
  expect(loss - Math.log(task.vocabulary.length)).toBeGreaterThan(least - 1e-5);
  expect(loss - Math.log(task.vocabulary.length)).toBeLessThan(most + 1e-5);
});

test.each(architectures.map((a) => [a.id, a] as const))("%s: the loss depends on every parameter", (_, a) => {
  const task = sequenceTask("cups");
  const gradient = jit(grad(((p: SequenceParameters, batch: Batch) => sequenceLoss(a, p, batch)) as never) as never) as unknown as OwnedFunction<(p: SequenceParameters, batch: Batch) => SequenceParameters>;
  const slopes = weightsOf(gradient(initialParameters(a, task, 1), batchOf(task, trainingProblems(task, new Random(3), 4))));
  for (const [name, { data }] of Object.entries(slopes)) expect(Math.max(...data.map(Math.abs)), name).toBeGreaterThan(1e-6);
  gradient.dispose();
});

test("a state of another size is refused", async () => {
  const task = sequenceTask("cups");
  const rnn = architecture("rnn");
  const weights = weightsOf(initialParameters(rnn, task, 1));
  await expect(ToyDecoder.from(rnn, task, { ...weights, embedding: toTensor(fromTensor({ shape: [2, 2], data: new Float32Array(4) })) })).rejects.toThrow("weights: expected embedding of [16,32], got [2,2]");
});
