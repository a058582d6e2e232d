/** The three forms of the step against PyTorch, differences, and what each form must do. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { stack, unstack } from "./along-time.ts";
import { dispose, keep, np, toTensor } from "./autodiff.ts";
import { normal, zeros } from "./initialise.ts";
import { initialRnn, rnn, type Rnn, type RnnForm } from "./rnn.ts";
import { checkAgainstPyTorch, checkGradients, largestDifference } from "./toy.test-support.ts";

const forms: readonly RnnForm[] = ["vanilla", "residual", "gated"];

for (const form of forms) {
  test(`PyTorch gives the same states and gradients, ${form}`, () => {
    checkAgainstPyTorch("rnn", form, initialRnn(new Random(1), 3, 4, form), (p, { x, start }) => ({ output: rnn(p, x!, { form, stepSize: 0.25, start: start! }).hidden }));
  });

  test(`gradients agree with differences, ${form}`, () => {
    const x = normal(new Random(2), [2, 4, 3], 1);
    const start = normal(new Random(3), [2, 4], 1);
    checkGradients(initialRnn(new Random(1), 3, 4, form), (p) => np.square(rnn(p, x.ref, { form, start: start.ref }).hidden).mean());
  });
}

test("half the step twice comes closer to the flow than one step: Euler's method is of first order", () => {
  // ḣ = tanh(h w) from h = 1 for the time 1, in ever smaller steps. In float32, so the steps stay large.
  const p = (): Rnn => ({ input: zeros([1, 1]), recurrent: np.array([[0.7]]), bias: zeros([1]), recurrentBias: zeros([1]) });
  const end = (steps: number): number => rnn(p(), zeros([1, steps, 1]), { form: "residual", stepSize: 1 / steps, start: np.array([[1]]) }).hidden.slice(0, -1, 0).item();
  // sinh(0.7 h) grows as exp(0.7 t) along the flow.
  const exact = Math.asinh(Math.sinh(0.7) * Math.exp(0.7)) / 0.7;
  const errors = [2, 4, 8, 16].map((steps) => Math.abs(end(steps) - exact));
  errors.slice(1).forEach((error, i) => expect(errors[i]! / error).toBeCloseTo(2, 0));
});

test("an update gate of one keeps the state, of zero forgets it", () => {
  const x = normal(new Random(2), [1, 5, 3], 1);
  const start = normal(new Random(3), [1, 4], 1);
  const run = (bias: number) => {
    const p = initialRnn(new Random(1), 3, 4, "gated");
    p.bias.dispose();
    return rnn({ ...p, bias: np.array([0, 0, 0, 0, bias, bias, bias, bias, 0, 0, 0, 0]) }, x.ref, { form: "gated", start: start.ref });
  };
  const kept = run(40);
  expect(largestDifference(toTensor(kept.hidden.slice(0, -1)).data, toTensor(start.ref.slice(0)).data)).toBe(0);
  expect(toTensor(kept.gates["update"]!).data).toEqual(new Float32Array(20).fill(1));
  const forgot = run(-40);
  // Without the old state, what is left is the candidate, inside of tanh's range.
  expect(Math.max(...toTensor(forgot.gates["update"]!).data)).toBeLessThan(1e-12);
  expect(toTensor(forgot.gates["reset"]!).shape).toEqual([1, 5, 4]);
});

test("the state is all that it knows: going on from it gives what going through gives", () => {
  const p = initialRnn(new Random(1), 3, 4, "gated");
  const x = normal(new Random(2), [2, 6, 3], 1);
  const through = rnn(keep(p), x.ref, { form: "gated" });
  const first = rnn(keep(p), x.ref.slice([], [0, 4]), { form: "gated" });
  const rest = rnn(p, x.slice([], [4, 6]), { form: "gated", start: first.hidden.slice([], -1) });
  expect(largestDifference(toTensor(rest.hidden).data, toTensor(through.hidden.slice([], [4, 6])).data)).toBeLessThan(1e-6);
  dispose([through.gates, first.gates, rest.gates]);
});

test("a sequence falls into its tokens and comes together again, whatever its length", () => {
  for (const T of [1, 2, 3, 7]) {
    const x = normal(new Random(T), [2, T, 3], 1);
    const steps = unstack(x.ref);
    expect(steps.map(({ shape }) => shape)).toEqual(Array.from({ length: T }, () => [2, 3]));
    expect(toTensor(steps[T - 1]!.ref)).toEqual(toTensor(x.ref.slice([], T - 1)));
    expect(toTensor(stack(steps))).toEqual(toTensor(x));
  }
});
