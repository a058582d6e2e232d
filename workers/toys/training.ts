/**
 * The training loop: draws a batch, takes the gradient of the loss, lets the
 * optimiser change the parameters, and tells how far it is.
 *
 * Everything follows from the seed: batch k is drawn from a generator of its own,
 * so stopping and going on gives the same numbers as going through. The loss, its
 * gradient and the optimiser are compiled as one function at the first step, and
 * again for batches of another shape.
 */
import { Random } from "../../probes/random.ts";
import { dispose, type OwnedFunction, jit, keep, np, type Parameters, type Tree, tree, valueAndGrad } from "./autodiff.ts";
import { rest } from "../rest.ts";
import type { Optimiser } from "./optimiser.ts";
import { type Weights, weightsOf, withWeights } from "./weights.ts";

/** Longest time without a turn of the event loop, ms. */
const longest = 30;

export interface TrainingOptions<P extends Parameters, B extends Tree> {
  /** Initial values; they belong to the training from now on. */
  readonly parameters: P;
  /** A scalar. Consumes both. */
  readonly loss: (parameters: P, batch: B) => np.Array;
  /** The batch of a step, counted from 0; its arrays are freed after the step, so give `keep(data)` where they stay the same. */
  readonly batch: (random: Random, step: number) => B;
  readonly optimiser: Optimiser;
  readonly seed: number;
  /** Largest norm of the whole gradient, which is scaled down to it. Pascanu et al. 2013, arXiv:1211.5063. Left out: no limit. */
  readonly clip?: number;
  /** Where an earlier training with these options stopped. Left out: at the beginning. */
  readonly from?: Checkpoint;
}

/** All that the next step depends on besides the options: a training that begins from it goes on as if it had not stopped. */
export interface Checkpoint {
  readonly step: number;
  /** Parameters, and what the optimiser keeps beside them. */
  readonly arrays: Weights;
}

export interface TrainingStep {
  /** Steps done, this one included. */
  readonly step: number;
  /** Of this step's batch, before the parameters changed. */
  readonly loss: number;
}

type State<P> = { parameters: P; moments: np.Array[][] };

export class Training<P extends Parameters, B extends Tree> {
  /** Steps done. */
  step = 0;
  private state: State<P>;
  private readonly compiled: ReturnType<typeof compile<P, B>>;
  private readonly random: Random;

  constructor(private readonly options: TrainingOptions<P, B>) {
    const { parameters, optimiser, seed, from } = options;
    const moments = tree.leaves<np.Array>(parameters).map(({ shape }) => Array.from({ length: optimiser.moments }, () => np.zeros(shape)));
    this.state = from ? withWeights({ parameters, moments }, from.arrays) : { parameters, moments };
    this.step = from?.step ?? 0;
    this.compiled = compile(options);
    this.random = new Random(seed);
  }

  /** As they are now. They stay the training's: `keep` them before a call that consumes them. */
  get parameters(): P {
    return this.state.parameters;
  }

  /**
   * One step.
   *
   * @throws RangeError where the loss is no longer a finite number; the parameters are then of no use
   */
  advance(): TrainingStep {
    const { batch, optimiser } = this.options;
    const coefficients = optimiser.coefficients(this.step).map((value) => np.array(value));
    const drawn = batch(this.random.fork(`batch ${this.step}`), this.step);
    const { loss: after, ...state } = this.compiled(this.state, drawn, coefficients);
    this.state = state;
    this.step++;
    const loss = after.item();
    if (!Number.isFinite(loss)) throw new RangeError(`training: expected a finite loss at step ${this.step}, got ${loss}; lower the learning rate, or clip the gradient`);
    return { step: this.step, loss };
  }

  /**
   * So many steps, each given as it is done. Other work gets in between steps:
   * stop by leaving the loop, go on by calling it again.
   */
  async *run(steps: number): AsyncGenerator<TrainingStep, void, undefined> {
    let until = performance.now() + longest;
    for (let i = 0; i < steps; i++) {
      yield this.advance();
      if (performance.now() < until) continue;
      await rest();
      until = performance.now() + longest;
    }
  }

  checkpoint(): Checkpoint {
    return { step: this.step, arrays: weightsOf(this.state) };
  }

  /** So many steps to their end; the loss of each. */
  async train(steps: number): Promise<number[]> {
    const losses: number[] = [];
    for await (const { loss } of this.run(steps)) losses.push(loss);
    return losses;
  }

  /** Frees the parameters and the compiled function. */
  dispose(): void {
    dispose(this.state);
    this.compiled.dispose();
  }
}

function compile<P extends Parameters, B extends Tree>({ loss, optimiser, clip }: TrainingOptions<P, B>) {
  const gradient = valueAndGrad(loss as (parameters: Tree, batch: Tree) => np.Array);
  const step = (state: State<P>, batch: B, coefficients: np.Array[]): State<P> & { loss: np.Array } => {
    const [value, gradients] = gradient(keep(state.parameters), batch) as [np.Array, P];
    const [values, form] = tree.flatten<np.Array>(state.parameters);
    const slopes = clipped(tree.leaves<np.Array>(gradients), clip);
    const updated = values.map((array, i) => optimiser.update(array, slopes[i]!, state.moments[i]!, keep(coefficients)));
    dispose(coefficients);
    return {
      loss: value,
      parameters: tree.unflatten(form, updated.map(({ parameter }) => parameter)) as P,
      moments: updated.map(({ moments }) => moments),
    };
  };
  // jit types its arguments by their leaves, which TypeScript cannot do for a tree that is still a parameter.
  return jit(step as never) as unknown as OwnedFunction<typeof step>;
}

function clipped(gradients: np.Array[], limit: number | undefined): np.Array[] {
  if (limit === undefined) return gradients;
  const norm = np.sqrt(gradients.map((g) => np.square(g.ref).sum()).reduce((sum, square) => sum.add(square)));
  const factor = np.minimum(np.array(limit).div(norm.add(1e-12)), 1);
  const scaled = gradients.map((g) => g.mul(factor.ref));
  factor.dispose();
  return scaled;
}
