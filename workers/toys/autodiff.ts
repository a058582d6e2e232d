/**
 * Arrays, gradients and compiled functions for the toys: our one door to jax-js.
 *
 * **A toy in five minutes.** Parameters are a plain record of arrays, declared
 * with `type` (jax-js does not see into an `interface`); `forward` returns its
 * output and its inner state by name; `Training` does the rest.
 *
 *     type Line = { weight: np.Array; bias: np.Array };
 *
 *     const initialLine = (random: Random): Line => ({ weight: glorot(random, [2, 1]), bias: zeros([1]) });
 *
 *     // x [B, 2] → output [B, 1]
 *     const line = (p: Line, x: np.Array): { output: np.Array } => ({ output: np.matmul(x, p.weight).add(p.bias) });
 *
 *     const training = new Training({
 *       parameters: initialLine(new Random(1)),
 *       loss: (p, { x, y }) => np.square(line(p, x).output.sub(y)).mean(),
 *       batch: (random) => draw(random),              // { x: fromTensor(…), y: fromTensor(…) }
 *       optimiser: adam({ rate: 1e-2 }),
 *       seed: 1,
 *     });
 *     for await (const { step, loss } of training.run(500)) if (stopped) break;
 *     const weights = weightsOf(training.parameters);  // tensors by name; run() again goes on
 *     training.dispose();
 *
 * `forward` once trained: `const f = jit(line)`, then
 * `toTensor(f(keep(training.parameters), fromTensor(x)).output)`; at the end `f.dispose()`.
 *
 * **Ownership: who passes an array on gives it away.** Every operation, method
 * and function of ours frees its arguments; `x.ref` is one more use of x. So each
 * array is used exactly once plainly, last, and as `x.ref` before:
 *
 *     x.ref.mul(x)            // x²
 *     x.shape                 // reading shape is no use
 *     keep(parameters)        // .ref of a whole tree, before a call that it shall survive
 *     x.dispose()             // an array that nobody uses (an inner state that a loss ignores)
 *
 * One use too many throws `UseAfterFreeError`. One too few leaks: under `jit`
 * once, when the function is first traced; outside of it at every call. Write
 * functions without thinking of `jit`, and wrap the outermost.
 *
 * **Traps of jax-js 0.1.25.**
 * - No scan and no while: unroll over time (`along-time.ts`), or use `linear-scan.ts` for
 *   linear recurrences. No strided slices.
 * - The gradient through the values of `lax.topK` or `np.sort` fails under `jit`: choose by
 *   `ranks.ts`, and mask.
 * - Under `jit`, a scalar that was broadcast and then padded or concatenated loses the zeros
 *   around it: make it with `np.full`.
 * - A sum straight over `np.take` has no gradient under `jit` (`scatter input is not imm`);
 *   square or weigh it first.
 * - `nn.sigmoid`, `nn.silu` and `nn.softplus` have NaN for a gradient beyond ±88: take those
 *   of `sigmoid.ts`. `grad`, `valueAndGrad` and `vjp` are wrong under `jit` where they pad:
 *   take those from here (`gradients.ts`). `lax.convGeneralDilated` is slow to differentiate:
 *   take `convolution.ts`.
 * - float64 has float32's exp, tanh, sin: what needs more is plain TypeScript.
 *
 * **No async reads.** In a cross-origin isolated page jax-js would answer
 * `data()`, `jsAsync()` and `blockUntilReady()` with threads from a `blob:` URL,
 * which our security policy refuses, and wait for ever; they throw here. Read with
 * `toTensor`, `x.item()`, `x.js()`, in a worker. The device is WebAssembly, one
 * thread, there from the start; a compiled kernel needs `'wasm-unsafe-eval'` only.
 */
import "./missing-globals.ts";
import { Array as JaxArray, jit, lax, nn, numpy as np, tree, vmap } from "@jax-js/jax";
import { size, tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";

export { jit, lax, nn, np, tree, vmap };
export { grad, valueAndGrad, vjp } from "./gradients.ts";
export type { OwnedFunction } from "@jax-js/jax";

/** Arrays by name, nested as one likes: the parameters of a toy, a batch, an inner state. */
export type Tree = np.Array | Tree[] | { [name: string]: Tree };

/** A tree with a name for each of its arrays. */
export type Parameters = { [name: string]: Tree };

for (const name of ["data", "jsAsync", "blockUntilReady"] as const) {
  Object.defineProperty(JaxArray.prototype, name, {
    value: () => {
      throw new Error(`${name}: expected a synchronous read, got one that starts threads; use toTensor, item() or js()`);
    },
  });
}

/** Another use of every array in the tree: `.ref` for a whole tree. */
export function keep<T extends Tree>(arrays: T): T {
  return tree.ref(arrays);
}

/** Frees every array in the tree. */
export function dispose(arrays: Tree): void {
  tree.dispose(arrays);
}

/** A float32 array of the same shape; the tensor is copied, and not empty (jax-js has no empty arrays). */
export function fromTensor({ shape, data }: Tensor): np.Array {
  return np.array(data, { shape: [...shape] });
}

/** Its numbers, in row-major order. Consumes x. */
export function toTensor(x: np.Array): Tensor {
  const { shape } = x;
  return tensor([...shape], Float32Array.from(x.astype(np.float32).dataSync()));
}

/** Token ids, class labels or indices, as int32; of shape [n] where none is given. */
export function integers(values: ArrayLike<number>, shape: readonly number[] = [values.length]): np.Array {
  if (size(shape) !== values.length) throw new RangeError(`integers: shape [${shape}] holds ${size(shape)} numbers, got ${values.length}`);
  return np.array(Int32Array.from(values), { shape: [...shape] });
}
