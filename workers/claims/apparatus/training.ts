/** Training within a claim: to the end, telling how far it is, and one door to what comes out. */
import type { Tensor } from "../../../probes/tensor.ts";
import { jit, keep, nn, type np, type OwnedFunction, type Parameters, toTensor, type Tree } from "../../toys/autodiff.ts";
import type { Training } from "../../toys/training.ts";
import type { ClaimContext } from "../claim.ts";

/**
 * @param part  of the claim's progress that this is: from, to, 0 … 1
 * @returns     the loss of each step
 * @throws AbortError after `stop`
 */
export async function trainIn<P extends Parameters, B extends Tree>(
  { progress }: Pick<ClaimContext, "progress">,
  training: Training<P, B>,
  steps: number,
  [from, to]: readonly [from: number, to: number],
  what: string,
): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    await progress(from + ((to - from) * step) / steps, what);
    losses.push(training.advance().loss);
  }
  return losses;
}

/** What a run has to free, also where it is stopped half way. */
export class Owned {
  private readonly things: { dispose(): void }[] = [];

  own<T extends { dispose(): void }>(thing: T): T {
    this.things.push(thing);
    return thing;
  }

  dispose(): void {
    for (const thing of this.things.splice(0)) thing.dispose();
  }
}

/** The compiled function on parameters that stay, its outputs as tensors. */
export function evaluate<P extends Parameters>(parameters: P, f: (parameters: P, x: np.Array) => np.Array[], x: np.Array): Tensor[] {
  const compiled = jit(f as never) as unknown as OwnedFunction<typeof f>;
  const outputs = compiled(keep(parameters), x).map(toTensor);
  compiled.dispose();
  return outputs;
}

/**
 * Mean cross entropy, nats. Consumes both.
 *
 * @param logits  [..., classes]
 * @param target  [...] class ids, int32
 */
export function crossEntropy(logits: np.Array, target: np.Array): np.Array {
  return surprise(logits, target).mean();
}

/** −log p of the right class, nats, [...]. Consumes both. */
export function surprise(logits: np.Array, target: np.Array): np.Array {
  const classes = logits.shape.at(-1)!;
  return nn.logSoftmax(logits, -1).mul(nn.oneHot(target, classes)).sum(-1).mul(-1);
}

/** The class with the largest logit in each row of [..., classes]. */
export function argmaxRows({ shape, data }: Tensor): Int32Array<ArrayBuffer> {
  const classes = shape.at(-1)!;
  return Int32Array.from({ length: data.length / classes }, (_, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (data[i * classes + c]! > data[i * classes + best]!) best = c;
    return best;
  });
}

/** Which share of the entries are the same. */
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let same = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
  return same / a.length;
}
