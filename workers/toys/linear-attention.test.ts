/** Linear attention against the gradient step that it is, in float64. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { apply, attentionAnswer } from "./linear-attention.ts";

const [n, D, O] = [20, 6, 3];
const random = new Random(1);
const rows = (count: number, length: number): number[][] => Array.from({ length: count }, () => Array.from({ length }, () => random.normal()));

/** (1/2n) Σ |W x − y|². */
function loss(weights: number[][], inputs: number[][], targets: number[][]): number {
  return inputs.reduce((sum, x, j) => sum + apply(weights, x).reduce((square, guess, o) => square + (guess - targets[j]![o]!) ** 2, 0), 0) / (2 * inputs.length);
}

test("linear attention gives what one gradient step gives, to 1e-12", () => {
  for (let repetition = 0; repetition < 10; repetition++) {
    const [weights, inputs, targets] = [rows(O, D), rows(n, D), rows(n, O)];
    const [query] = rows(1, D) as [number[]];
    // The loss is quadratic, so that a central difference of any width is its slope, but for rounding.
    const slope = weights.map((row, o) => row.map((_, d) => {
      const moved = (by: number): number => loss(weights.map((r, i) => r.map((w, k) => (i === o && k === d ? w + by : w))), inputs, targets);
      return (moved(1) - moved(-1)) / 2;
    }));
    const rate = 0.3;
    const stepped = apply(weights.map((row, o) => row.map((w, d) => w - rate * slope[o]![d]!)), query);
    attentionAnswer(weights, inputs, targets, query, rate).forEach((y, o) => expect(Math.abs(y - stepped[o]!)).toBeLessThan(1e-12));
  }
});

test("from weights of zero, the answer is the mean of y weighted by x · query", () => {
  expect(attentionAnswer([[0, 0]], [[1, 0], [0, 2]], [[3], [5]], [1, 1], 1)).toEqual([(3 * 1 + 5 * 2) / 2]);
});
