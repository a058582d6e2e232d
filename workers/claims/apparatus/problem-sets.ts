/** Held-out problems for claims about the embedded model: each seed of a claim is one set of problems, the same for all that is compared. */
import { wilson } from "../../../probes/statistics/wilson.ts";
import { accuracy } from "../../decoding/accuracy.ts";
import type { AccuracyCell, Decoder } from "../../engine.ts";
import type { ClaimContext, Quantity } from "../claim.ts";

/** Seed of the first problem in a claim's set; the page's own panels count from 1 000 000, and no set has 10 000 problems. */
export function firstProblem(seed: number): number {
  return 2_000_000 + 10_000 * seed;
}

export interface Count {
  readonly correct: number;
  readonly answered: number;
}

/** What each cell's own fields say, the rest as it is by default. */
export function cell(cell: Pick<AccuracyCell, "mode" | "difficulty"> & Partial<AccuracyCell>): AccuracyCell {
  return { thought: "hidden", noise: 0, thoughts: null, ...cell };
}

/**
 * How many problems of all sets each cell gets right.
 *
 * @param problems  of each set
 * @param share     of the claim's progress that this is: from, to
 */
export async function countRight(
  { seeds, progress }: Pick<ClaimContext, "seeds" | "progress">,
  decoder: Decoder,
  request: { readonly task: string; readonly cells: readonly AccuracyCell[]; readonly problems: number; readonly what: string },
  [from, to]: readonly [from: number, to: number],
): Promise<Count[]> {
  const { task, cells, problems, what } = request;
  const sums = cells.map(() => ({ correct: 0, answered: 0 }));
  const { signal } = new AbortController();
  for (const [s, seed] of seeds.entries()) {
    let furthest = 0;
    const counts = await accuracy(decoder, { task, variant: null, shots: 0, cells, problems, seed: firstProblem(seed) }, async ({ answered }) => {
      furthest = Math.max(furthest, answered);
      // Throws where the claim was stopped, and ends the count with it.
      await progress(from + ((to - from) * (s + furthest / problems)) / seeds.length, `${what}: problem ${s * problems + furthest} of ${seeds.length * problems}`);
    }, signal);
    for (const [i, { correct, answered }] of counts.entries()) {
      sums[i]!.correct += correct;
      sums[i]!.answered += answered;
    }
  }
  return sums;
}

/** A share of right answers as a quantity, with Wilson's interval. */
export function rate(id: string, label: string, { correct, answered }: Count, reference?: Quantity["reference"]): Quantity {
  const [low, high] = wilson(correct, answered);
  return { id, label, value: correct / answered, low, high, unit: "1", n: answered, ...(reference ? { reference } : {}) };
}

/** Several counts as a line of shares with Wilson's intervals. */
export function rates(counts: readonly Count[]): { y: number[]; low: number[]; high: number[] } {
  const intervals = counts.map(({ correct, answered }) => wilson(correct, answered));
  return { y: counts.map(({ correct, answered }) => correct / answered), low: intervals.map(([low]) => low), high: intervals.map(([, high]) => high) };
}

/**
 * The difference of two shares, a − b, with its 95 % interval as if they were
 * independent: wider than need be where both are of the same problems.
 *
 * Source: Newcombe 1998, method 10, from the two Wilson intervals.
 */
export function rateDifference(id: string, label: string, a: Count, b: Count): Quantity {
  const [p, q] = [a.correct / a.answered, b.correct / b.answered];
  const [[aLow, aHigh], [bLow, bHigh]] = [wilson(a.correct, a.answered), wilson(b.correct, b.answered)];
  return { id, label, value: p - q, low: p - q - Math.hypot(p - aLow, bHigh - q), high: p - q + Math.hypot(aHigh - p, q - bLow), unit: "1", n: a.answered };
}
