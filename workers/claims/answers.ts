/** Classes read from logits: the loss that trains them, and how often they are right. */
import { row, type Tensor } from "../../probes/tensor.ts";
import { nn, np } from "../toys/autodiff.ts";

/**
 * −log p of the right class, mean over all rows, nats. Consumes both.
 *
 * @param logits   [..., V]
 * @param classes  [...] int32
 */
export function crossEntropy(logits: np.Array, classes: np.Array): np.Array {
  return surprise(logits, classes).mean();
}

/** −log p of the right class, [...] nats. Consumes both. */
export function surprise(logits: np.Array, classes: np.Array): np.Array {
  const V = logits.shape.at(-1)!;
  return nn.logSoftmax(logits, -1).mul(nn.oneHot(classes, V)).sum(-1).mul(-1);
}

/** For each row of [n, V] whether its largest entry is that of the right class, 1 or 0. */
export function rightAnswers(logits: Tensor, classes: readonly number[]): number[] {
  return classes.map((c, i) => (argmax(row(logits, i)) === c ? 1 : 0));
}

/** Where the largest number stands, the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
