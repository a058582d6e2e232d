/**
 * A long computation in short steps: a generator that pauses every few
 * milliseconds, so that whoever drives it can tell how far it came, let other
 * calls in, or stop. The result does not depend on where it pauses.
 */
export interface StepProgress {
  /** What is being computed, as one would tell it to a reader. */
  readonly phase: "distances" | "measures" | "layers" | "components" | "graph" | "geodesics" | "layout" | "trust";
  readonly done: number;
  /** Of how many; 0 where nobody can know (an iteration until it has converged). */
  readonly total: number;
}

export type Steps<T> = Generator<StepProgress, T, void>;

/** Multiplications between two pauses: 2 to 10 ms. */
export const stride = 8e6;

/** Runs the computation to its end without a pause. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
  }
}
