/** The loop and the optimisers, against closed forms and PyTorch's own sequence. */
import { expect, test, vi } from "vitest";
import { Random } from "../../probes/random.ts";
import { matrix, tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, integers, jit, keep, np, nn, toTensor } from "./autodiff.ts";
import { glorot, he, normal, ones, orthogonal, uniform, zeros } from "./initialise.ts";
import { adam, adamW, cosine, type Optimiser, sgd, warmup } from "./optimiser.ts";
import { Training, type TrainingOptions } from "./training.ts";
import { packWeights, unpackWeights, weightsOf, withWeights } from "./weights.ts";

/** The memory that jax-js makes when it is imported; hoisted before the imports. */
const memories = vi.hoisted(() => {
  const made: WebAssembly.Memory[] = [];
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
    }
  };
  return made;
});

type Line = { weight: np.Array; bias: np.Array };

/** y = 2 x₀ − x₁ + ½, without noise, so that the least-squares solution is known. */
function lineOptions(optimiser: Optimiser, more: Partial<TrainingOptions<Line, { x: np.Array; y: np.Array }>> = {}): TrainingOptions<Line, { x: np.Array; y: np.Array }> {
  return {
    parameters: { weight: glorot(new Random(1), [2, 1]), bias: zeros([1]) },
    loss: (p, { x, y }) => np.square(np.matmul(x, p.weight).add(p.bias).sub(y)).mean(),
    batch: (random) => {
      const x = Array.from({ length: 16 }, () => [random.normal(), random.normal()]);
      return { x: fromTensor(matrix(x)), y: fromTensor(matrix(x.map(([a, b]) => [2 * a! - b! + 0.5]))) };
    },
    optimiser,
    seed: 7,
    ...more,
  };
}

/** p after each of the steps on the loss Σ w p² / 2, whose gradient is w p. */
function path(optimiser: Optimiser, steps: number, clip?: number): number[][] {
  const training = new Training({
    parameters: { p: np.array([1, -2]) },
    loss: ({ p }, w: np.Array) => np.square(p).mul(w).sum().mul(0.5),
    batch: () => np.array([1, 3]),
    optimiser,
    seed: 1,
    ...(clip !== undefined && { clip }),
  });
  return Array.from({ length: steps }, () => {
    training.advance();
    return [...toTensor(training.parameters.p.ref).data];
  });
}

/** The rule itself, in float64. */
function adamByHand(steps: number, rate: number, decay: number): number[][] {
  const [p, m, v] = [[1, -2], [0, 0], [0, 0]];
  return Array.from({ length: steps }, (_, t) => {
    [1, 3].forEach((w, i) => {
      const g = w * p[i]!;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.999 * v[i]! + 0.001 * g * g;
      p[i]! -= rate * (m[i] / (1 - 0.9 ** (t + 1)) / (Math.sqrt(v[i] / (1 - 0.999 ** (t + 1))) + 1e-8) + decay * p[i]!);
    });
    return [...p];
  });
}

function expectNear(got: readonly number[][], expected: readonly number[][]): void {
  got.flat().forEach((x, i) => expect(x).toBeCloseTo(expected.flat()[i]!, 5));
}

test("Adam follows its rule", () => expectNear(path(adam({ rate: 0.1 }), 5), adamByHand(5, 0.1, 0)));
test("AdamW decays the weights apart from the gradient", () => expectNear(path(adamW({ rate: 0.1, decay: 0.5 }), 5), adamByHand(5, 0.1, 0.5)));
test("gradient descent multiplies by 1 − rate w", () => expectNear(path(sgd({ rate: 0.1 }), 2), [[0.9, -1.4], [0.81, -0.98]]));
test("momentum adds the last step again", () => expectNear(path(sgd({ rate: 0.1, momentum: 0.5 }), 2), [[0.9, -1.4], [0.76, -0.68]]));
test("a schedule is read at every step", () => expectNear(path(sgd({ rate: (step) => (step === 0 ? 0 : 0.1) }), 2), [[1, -2], [0.9, -1.4]]));
// The gradient is (1, −6), of norm √37.
test("a clipped gradient keeps its direction", () => expectNear(path(sgd({ rate: 1 }), 1, 1), [[1 - 1 / Math.sqrt(37), -2 + 6 / Math.sqrt(37)]]));

test("schedules: up in a line, down in half a cosine", () => {
  const schedule = warmup(2, 4, cosine(2, 10));
  expect([0, 1, 2, 3, 4, 9, 14, 100].map((step) => Number(schedule(step).toFixed(6)))).toEqual([0.5, 1, 1.5, 2, 2, 1, 0, 0]);
});

test("training finds the least-squares line", async () => {
  const training = new Training(lineOptions(adam({ rate: 0.1 })));
  const losses = await training.train(200);
  expect(training.step).toBe(200);
  expect(losses.at(-1)).toBeLessThan(1e-6);
  const { weight, bias } = weightsOf(training.parameters);
  expectNear([[...weight!.data, ...bias!.data].map((x) => Math.round(x * 1000) / 1000)], [[2, -1, 0.5]]);
  training.dispose();
});

test("stopping and going on is going through; another seed is another run", async () => {
  const through = new Training(lineOptions(adam({ rate: 0.05 })));
  const stopped = new Training(lineOptions(adam({ rate: 0.05 })));
  const other = new Training(lineOptions(adam({ rate: 0.05 }), { seed: 8 }));
  await through.train(10);
  for await (const { step } of stopped.run(10)) if (step === 4) break;
  expect(stopped.step).toBe(4);
  await stopped.train(6);
  await other.train(10);
  expect(weightsOf(stopped.parameters)).toEqual(weightsOf(through.parameters));
  expect(weightsOf(other.parameters)).not.toEqual(weightsOf(through.parameters));
});

test("a checkpoint, written down and read, is gone on from as if there had been no stop", async () => {
  const through = new Training(lineOptions(adam({ rate: 0.05 })));
  const before = new Training(lineOptions(adam({ rate: 0.05 })));
  await through.train(10);
  await before.train(4);
  const { step, arrays } = before.checkpoint();
  const written = JSON.stringify({ step, arrays: packWeights(arrays) });
  const read = JSON.parse(written) as { step: number; arrays: ReturnType<typeof packWeights> };
  const after = new Training(lineOptions(adam({ rate: 0.05 }), { from: { step: read.step, arrays: unpackWeights(read.arrays) } }));
  expect(after.step).toBe(4);
  await after.train(6);
  expect(weightsOf(after.parameters)).toEqual(weightsOf(through.parameters));
  expect(() => new Training(lineOptions(sgd({ rate: 1 }), { from: { step, arrays } }))).toThrow("weights: expected no more than the parameters, got moments");
});

test("other work gets in while training runs", async () => {
  const training = new Training(lineOptions(adam({ rate: 0.01 })));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const most = 5000;
  for await (const { step } of training.run(most)) if (turns > 0 || step === most) break;
  clearInterval(timer);
  expect(training.step).toBeLessThan(most);
});

test("a loss that is no number ends the training and says so", () => {
  const training = new Training(lineOptions(sgd({ rate: 1e30 })));
  expect(() => {
    for (let i = 0; i < 10; i++) training.advance();
  }).toThrow(/training: expected a finite loss at step \d, got (Infinity|NaN); lower the learning rate/);
});

test("training frees what it uses", () => {
  const data = { x: normal(new Random(1), [64, 192], 1), y: zeros([64, 192]) };
  const training = new Training({
    parameters: { weight: zeros([192, 192]) },
    loss: ({ weight }, { x, y }) => np.square(np.matmul(x, weight).sub(y)).mean(),
    batch: () => keep(data),
    optimiser: adam({ rate: 1e-3 }),
    seed: 1,
  });
  for (let i = 0; i < 5; i++) training.advance();
  const used = (): number => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  const before = used();
  expect(before).toBeGreaterThan(0);
  // Lost each time, a weight would add 14 MiB, and a batch 5.
  for (let i = 0; i < 100; i++) training.advance();
  expect(used() - before).toBeLessThan(2 ** 20);
  expect(data.x.refCount).toBe(1);
  training.dispose();
  dispose(data);
});

test("weights leave as tensors by path, and come back from JSON to the bit", () => {
  const parameters = { layers: [{ w: normal(new Random(1), [2, 3], 1) }, { w: zeros([1]) }], scale: np.array(3) };
  const weights = weightsOf(parameters);
  expect(Object.entries(weights).map(([path, { shape }]) => [path, shape])).toEqual([["layers.0.w", [2, 3]], ["layers.1.w", [1]], ["scale", []]]);
  const packed = JSON.stringify(packWeights(weights));
  const other = { layers: [{ w: zeros([2, 3]) }, { w: ones([1]) }], scale: np.array(0) };
  expect(weightsOf(withWeights(other, unpackWeights(JSON.parse(packed))))).toEqual(weights);
});

test("weights of another form are refused", () => {
  const weights = { w: tensor([2]), v: tensor([1]) };
  expect(() => withWeights({ w: zeros([3]) }, weights)).toThrow("weights: expected w of [3], got [2]");
  expect(() => withWeights({ u: zeros([3]) }, weights)).toThrow("weights: expected u of [3], got none");
  expect(() => withWeights({ w: zeros([2]) }, weights)).toThrow("weights: expected no more than the parameters, got v as well");
  expect(() => unpackWeights({ w: { shape: [2], float32: "AAAA" } })).toThrow("weights: expected 8 bytes for w of [2], got 3");
});

test("initial values have the spread that their rule names", () => {
  const deviation = (x: np.Array): number => Number(np.std(x).item().toFixed(2));
  const random = new Random(3);
  expect(deviation(glorot(random, [100, 200]))).toBeCloseTo(Math.sqrt(2 / 300), 2);
  expect(deviation(he(random, [3, 3, 8, 200]))).toBeCloseTo(Math.sqrt(2 / 72), 2);
  expect(deviation(normal(random, [100, 100], 0.5))).toBe(0.5);
  expect(deviation(uniform(random, [100, 100], -1, 1))).toBe(0.58);
  const w = orthogonal(random, 40);
  expect(np.abs(np.matmul(w.ref, w.transpose()).sub(np.eye(40))).max().item()).toBeLessThan(1e-6);
});

test("tensors go in and out; integers index", () => {
  const t = matrix([[1, 2], [3, 4]]);
  expect(toTensor(fromTensor(t))).toEqual(t);
  expect(toTensor(np.take(fromTensor(t), integers([1, 1]), 0)).data).toEqual(new Float32Array([3, 4, 3, 4]));
  expect(() => integers([1], [2])).toThrow("integers: shape [2] holds 2 numbers, got 1");
});

test("what older engines lack is there: einsum, float64", () => {
  expect(np.einsum("ij,jk->ik", np.ones([2, 3]), np.ones([3, 2])).js()).toEqual([[3, 3], [3, 3]]);
  expect(np.array([1, 2.5], { dtype: np.float64 }).mul(2).js()).toEqual([2, 5]);
});

test("an array given away twice is refused; a read that would start threads too", () => {
  const x = np.array([1, 2, 3]);
  expect(() => x.add(1) && x.add(2)).toThrow(/UseAfterFree|freed/);
  expect(() => void np.array([1]).data()).toThrow("data: expected a synchronous read");
  expect(() => void np.array([1]).jsAsync()).toThrow("jsAsync: expected a synchronous read");
});

test("a compiled function gives its inner state by name", () => {
  const f = jit(({ w }: { w: np.Array }, x: np.Array) => {
    const hidden = nn.relu(np.matmul(x, w));
    return { output: hidden.ref.sum(-1), hidden };
  });
  const { output, hidden } = f({ w: np.array([[1, -1]]) }, np.array([[2], [-3]]));
  expect([output.js(), hidden.js()]).toEqual([[2, 3], [[2, 0], [0, 3]]]);
  f.dispose();
});
