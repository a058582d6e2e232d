/** The sequence model around every architecture: sizes, losses, reach, and that everything learns. */
import { describe, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { sequenceTask, sequenceTasks } from "../../probes/tasks/sequence/index.ts";
import { dispose, fromTensor, toTensor } from "../toys/autodiff.ts";
import { zeros } from "../toys/initialise.ts";
import { weightsOf } from "../toys/weights.ts";
import { architectureIds } from "./architecture.ts";
import { architecture, architectures } from "./architectures.ts";
import { batchOf, firstTestSeed, testProblem, trainingProblems } from "./batches.ts";
import { initialParameters, lesson } from "./lesson.ts";
import { hiddenSize, parameterCount, sequenceLoss } from "./sequence-model.ts";
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
  for (let d = 1; d <= 16; d++) expect(Math.abs(drawn.filter(({ difficulty }) => difficulty === d).length - 100)).toBeLessThan(50);
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

describe.each(architectures.map((a) => [a.id, a] as const))("%s", (id, a) => {
  test("without an unembedding the loss is ln V", () => {
    const task = sequenceTask("cups");
    const p = initialParameters(a, task, 1);
    p.unembedding.dispose();
    p.unembedding = zeros([hiddenSize, task.vocabulary.length]);
    const loss = sequenceLoss(a, p, batchOf(task, trainingProblems(task, new Random(2), 3))).item();
    // A mixture of experts adds its load balance: 0.01 to 0.04 in each of two blocks.
    const penalty = id === "moe" ? [0.019, 0.081] : [0, 0];
    expect(loss - Math.log(task.vocabulary.length)).toBeGreaterThan(penalty[0]! - 1e-5);
    expect(loss - Math.log(task.vocabulary.length)).toBeLessThan(penalty[1]! + 1e-5);
  });

  test("a few steps change every parameter", () => {
    const task = sequenceTask("selective-copying");
    const taught = lesson({ architecture: id, task: task.id, seed: 1 });
    const before = weightsOf(taught.training.parameters);
    for (let i = 0; i < 3; i++) taught.training.advance();
    const after = weightsOf(taught.training.parameters);
    for (const [name, { data }] of Object.entries(before)) expect(data.some((x, i) => x !== after[name]!.data[i]), name).toBe(true);
    taught.training.dispose();
  });

  test("it sees as far back as it says, and no farther", async () => {
    const task = sequenceTask("modular-program");
    const decoder = await ToyDecoder.from(a, task, weightsOf(initialParameters(a, task, 4)));
    const T = task.length;
    const tokens = Array.from({ length: T }, (_, i) => 1 + (i % 20));
    const last = async (changed: number | null): Promise<Float32Array> => {
      await decoder.rewind(0);
      const { logits } = await decoder.forward(tokens.map((token, i) => (i === changed ? 21 - token : token)));
      return logits.data.slice(-task.vocabulary.length);
    };
    const plain = await last(null);
    const reach = a.reach ?? T;
    const within = await last(T - reach);
    expect(within.some((x, i) => Math.abs(x - plain[i]!) > 1e-7)).toBe(true);
    if (reach < T) expect(await last(T - reach - 1)).toEqual(plain);
    await decoder.dispose();
  });
});

test("a state of another size is refused", async () => {
  const task = sequenceTask("cups");
  const rnn = architecture("rnn");
  const weights = weightsOf(initialParameters(rnn, task, 1));
  await expect(ToyDecoder.from(rnn, task, { ...weights, embedding: toTensor(fromTensor({ shape: [2, 2], data: new Float32Array(4) })) })).rejects.toThrow("weights: expected embedding of [16,32], got [2,2]");
});
