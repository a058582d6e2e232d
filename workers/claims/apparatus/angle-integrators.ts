/**
 * Recurrent networks that keep track of a position from movements: the smallest tasks
 * whose memory has a shape. A line gives an interval, one angle a ring, two a torus.
 *
 *   token 0      where it starts: (cos θ, sin θ, 0) for each angle; (p, 0, 0) on the line
 *   token t      how far it moves: (0, 0, v), v = 0 in 3 of 10, else normal of deviation 0.4
 *   target t     where it is: (cos θₜ, sin θₜ); (pₜ, 0) on the line, which ends at −1 and 1
 *
 * Source: Cueva & Wei 2018, arXiv:1803.07770, and Cueva et al. 2019, arXiv:1912.10189, who
 * trained networks to integrate movements and directions [recalled].
 */
import type { Random } from "../../../probes/random.ts";
import { rows, tensor, type Tensor } from "../../../probes/tensor.ts";
import { dispose, fromTensor, np } from "../../toys/autodiff.ts";
import { glorot, zeros } from "../../toys/initialise.ts";
import { adamW, cosine } from "../../toys/optimiser.ts";
import { initialRnn, rnn, type Rnn, type RnnForm } from "../../toys/rnn.ts";
import { Training } from "../../toys/training.ts";
import { evaluate } from "./training.ts";

export type Space = "line" | "ring" | "torus";

/** Angles, or positions on the line. */
export const coordinatesOf: Readonly<Record<Space, number>> = { line: 1, ring: 1, torus: 2 };

/** Of training, tokens. */
const length = 10;

export interface Walks {
  /** [B, T, 3 · coordinates] */
  readonly inputs: Tensor;
  /** [B, T, 2 · coordinates] */
  readonly targets: Tensor;
  /** [B, coordinates] where each walk ends: radians, or position. */
  readonly ends: Tensor;
}

/** @param still  movements of 0 behind the others */
export function drawWalks(space: Space, random: Random, count: number, still = 0): Walks {
  const angles = coordinatesOf[space];
  const T = length + still;
  const inputs = tensor([count, T, 3 * angles]);
  const targets = tensor([count, T, 2 * angles]);
  const ends = tensor([count, angles]);
  const seen = (at: number): readonly [number, number] => (space === "line" ? [at, 0] : [Math.cos(at), Math.sin(at)]);
  for (let b = 0; b < count; b++) {
    for (let a = 0; a < angles; a++) {
      let at = space === "line" ? 2 * random.uniform() - 1 : 2 * Math.PI * random.uniform();
      for (let t = 0; t < T; t++) {
        const step = b * T + t;
        if (t === 0) {
          inputs.data.set(seen(at), step * 3 * angles + 3 * a);
        } else {
          const wish = at + (t < length && random.uniform() >= 0.3 ? 0.4 * random.normal() : 0);
          const next = space === "line" ? Math.max(-1, Math.min(1, wish)) : wish;
          inputs.data[step * 3 * angles + 3 * a + 2] = next - at;
          at = next;
        }
        targets.data.set(seen(at), step * 2 * angles + 2 * a);
      }
      ends.data[b * angles + a] = at;
    }
  }
  return { inputs, targets, ends };
}

export type Integrator = { rnn: Rnn; weight: np.Array; bias: np.Array };

/** @returns  `hidden` [B, T, N], `output` [B, T, 2 · coordinates] */
export function integrate(p: Integrator, x: np.Array, form: RnnForm): { hidden: np.Array; output: np.Array } {
  const { hidden, gates } = rnn(p.rnn, x, { form });
  dispose(gates);
  return { hidden: hidden.ref, output: np.matmul(hidden, p.weight).add(p.bias) };
}

export interface IntegratorOptions {
  readonly space: Space;
  readonly form: RnnForm;
  /** N */
  readonly units: number;
  readonly steps: number;
  readonly seed: number;
  /** Walks in a step. */
  readonly batch?: number;
}

/** Mean square error, AdamW: a little decay, so that what the task does not need fades. */
export function integratorTraining({ space, form, units, steps, seed, batch = 64 }: IntegratorOptions, random: Random): Training<Integrator, { x: np.Array; y: np.Array }> {
  const angles = coordinatesOf[space];
  const rate = form === "gated" ? 1e-2 : 5e-3;
  return new Training<Integrator, { x: np.Array; y: np.Array }>({
    parameters: { rnn: initialRnn(random, 3 * angles, units, form), weight: glorot(random, [units, 2 * angles]), bias: zeros([2 * angles]) },
    loss: (p, { x, y }) => {
      const { hidden, output } = integrate(p, x, form);
      hidden.dispose();
      return np.square(output.sub(y)).mean();
    },
    batch: (draw) => {
      const { inputs, targets } = drawWalks(space, draw, batch);
      return { x: fromTensor(inputs), y: fromTensor(targets) };
    },
    optimiser: adamW({ rate: cosine(rate, steps, rate / 50), decay: form === "gated" ? 0.1 : 0 }),
    seed,
    clip: 1,
  });
}

/** The states [B, N] and outputs [B, 2 · coordinates] after the last token. */
export function lastStates(parameters: Integrator, inputs: Tensor, form: RnnForm): { readonly states: Tensor; readonly outputs: Tensor } {
  const [hidden, output] = evaluate(parameters, (p, x) => {
    const after = integrate(p, x, form);
    return [after.hidden, after.output];
  }, fromTensor(inputs)) as [Tensor, Tensor];
  const [B, T] = inputs.shape as [number, number];
  const last = Array.from({ length: B }, (_, b) => b * T + T - 1);
  const flat = ({ shape, data }: Tensor): Tensor => rows(tensor([B * T, shape.at(-1)!], data), last);
  return { states: flat(hidden), outputs: flat(output) };
}
