/** Optimisers: how a gradient changes a parameter. Learning rates are numbers or schedules. */
import { np } from "./autodiff.ts";

/** The learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** What happens to each array of the parameters on its own; `Training` compiles it with the loss. */
export interface Optimiser {
  /** How many arrays it keeps beside each parameter, at first zero. */
  readonly moments: number;
  /** What changes from step to step, counted from 0. */
  coefficients(step: number): readonly number[];
  /**
   * One parameter after the step. Consumes all its arrays.
   *
   * @param coefficients  scalars, as many as `coefficients` gives
   */
  update(parameter: np.Array, gradient: np.Array, moments: readonly np.Array[], coefficients: readonly np.Array[]): { readonly parameter: np.Array; readonly moments: np.Array[] };
}

export interface AdamOptions {
  readonly rate: number | Schedule;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * Adam: steps of the size of the learning rate, in the direction of the mean
 * gradient over its root mean square.
 *
 *   m ← β₁ m + (1−β₁) g        v ← β₂ v + (1−β₂) g²
 *   p ← p − rate · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)
 *
 * Source: Kingma & Ba 2014, arXiv:1412.6980, Algorithm 1.
 */
export function adam(options: AdamOptions): Optimiser {
  return adamW({ ...options, decay: 0 });
}

/**
 * Adam with decoupled weight decay: p ← p − rate · decay · p beside Adam's step, for every parameter.
 *
 * Source: Loshchilov & Hutter 2017, arXiv:1711.05101, Algorithm 2, as PyTorch's AdamW.
 */
export function adamW({ rate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay }: AdamOptions & { readonly decay: number }): Optimiser {
  const schedule = scheduled(rate);
  return {
    moments: 2,
    coefficients: (step) => [schedule(step), 1 / (1 - beta1 ** (step + 1)), 1 / (1 - beta2 ** (step + 1))],
    update(parameter, gradient, moments, coefficients) {
      const [m, v] = moments as [np.Array, np.Array];
      const [rate, mean, square] = coefficients as [np.Array, np.Array, np.Array];
      const m1 = m.mul(beta1).add(gradient.ref.mul(1 - beta1));
      const v1 = v.mul(beta2).add(np.square(gradient).mul(1 - beta2));
      const change = m1.ref.mul(mean).div(np.sqrt(v1.ref.mul(square)).add(epsilon));
      const step = decay === 0 ? change : change.add(parameter.ref.mul(decay));
      return { parameter: parameter.sub(step.mul(rate)), moments: [m1, v1] };
    },
  };
}

/** Gradient descent with Polyak's heavy ball: b ← momentum · b + g, p ← p − rate · b. As PyTorch's SGD. */
export function sgd({ rate, momentum = 0 }: { readonly rate: number | Schedule; readonly momentum?: number }): Optimiser {
  const schedule = scheduled(rate);
  return {
    moments: momentum === 0 ? 0 : 1,
    coefficients: (step) => [schedule(step)],
    update(parameter, gradient, [before], coefficients) {
      const [rate] = coefficients as [np.Array];
      if (!before) return { parameter: parameter.sub(gradient.mul(rate)), moments: [] };
      const ball = before.mul(momentum).add(gradient);
      return { parameter: parameter.sub(ball.ref.mul(rate)), moments: [ball] };
    },
  };
}

function scheduled(rate: number | Schedule): Schedule {
  return typeof rate === "number" ? () => rate : rate;
}

/** From 0 up to `peak` in `steps` steps, then `after(steps since)`; without it, `peak`. */
export function warmup(peak: number, steps: number, after: Schedule = () => peak): Schedule {
  return (step) => (step < steps ? (peak * (step + 1)) / steps : after(step - steps));
}

/** Half a cosine from `peak` down to `last` in `steps` steps. Loshchilov & Hutter 2016, arXiv:1608.03983, equation 5, without restarts. */
export function cosine(peak: number, steps: number, last = 0): Schedule {
  return (step) => last + ((peak - last) / 2) * (1 + Math.cos(Math.PI * Math.min(1, step / steps)));
}
