/**
 * A sequence as its tokens, and back: for what is unrolled over time.
 *
 * By halves, because the gradient of a slice is padded to the whole, and `jit`
 * adds all the padded parts up at every place: T slices cost T² that way, halves T log T.
 */
import { np } from "./autodiff.ts";

/** x [B, T, ...] → T arrays [B, ...]. */
export function unstack(x: np.Array): np.Array[] {
  const T = x.shape[1]!;
  if (T === 1) return [x.reshape([x.shape[0]!, ...x.shape.slice(2)])];
  const [first, second] = np.split(x, [T >> 1], 1) as [np.Array, np.Array];
  return [...unstack(first), ...unstack(second)];
}

/** T arrays [B, ...] → [B, T, ...]. */
export function stack(steps: readonly np.Array[]): np.Array {
  if (steps.length === 1) return np.expandDims(steps[0]!, 1);
  const half = steps.length >> 1;
  return np.concatenate([stack(steps.slice(0, half)), stack(steps.slice(half))], 1);
}
