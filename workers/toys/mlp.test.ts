/** The perceptron against PyTorch, differences, and what its window must hold. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { np } from "./autodiff.ts";
import { normal } from "./initialise.ts";
import { type Activation, activations, initialMlp, mlp, window } from "./mlp.ts";
import { checkAgainstPyTorch, checkGradients } from "./toy.test-support.ts";

for (const activation of Object.keys(activations) as Activation[]) {
  test(`PyTorch gives the same output, hidden states and gradients, ${activation}`, () => {
    checkAgainstPyTorch("mlp", activation, initialMlp(new Random(1), [3, 5, 4, 2]), (p, { x }) => {
      const { output, hidden } = mlp(p, x!, activation);
      return { output, ...Object.fromEntries(hidden.map((h, l) => [`hidden${l}`, h])) };
    });
  });
}

test("gradients agree with differences", () => {
  const x = normal(new Random(2), [4, 3], 1);
  checkGradients(initialMlp(new Random(1), [3, 5, 2], "tanh"), (p) => np.square(mlp(p, x.ref, "tanh").output).mean());
});

test("a window holds the last tokens up to each, oldest first", () => {
  const x = np.array([[[1, 10], [2, 20], [3, 30]]]);
  expect(window(x, 2).js()).toEqual([[[0, 0, 1, 10], [1, 10, 2, 20], [2, 20, 3, 30]]]);
  expect(window(np.array([[[1], [2]]]), 1).js()).toEqual([[[1], [2]]]);
  expect(window(np.array([[[1], [2]]]), 4).js()).toEqual([[[0, 0, 0, 1], [0, 0, 1, 2]]]);
});

test("a network without layers is refused", () => {
  expect(() => initialMlp(new Random(1), [3])).toThrow("mlp: expected the widths of input and output at least, got [3]");
});
