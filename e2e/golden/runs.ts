/** Small runs whose traces are kept: one of each mode, on two tasks. */
import type { DecodingMode } from "../../probes/trace.ts";

export interface GoldenRun {
  readonly task: string;
  readonly mode: DecodingMode;
  readonly difficulty: number;
  readonly shots: number;
  readonly seed: number;
}

export const goldenRuns: readonly GoldenRun[] = [
  { task: "pointer-chase", mode: "direct", difficulty: 4, shots: 3, seed: 7 },
  { task: "pointer-chase", mode: "cot", difficulty: 4, shots: 3, seed: 7 },
  { task: "reachability", mode: "latent", difficulty: 3, shots: 3, seed: 11 },
  { task: "rules", mode: "icl", difficulty: 5, shots: 0, seed: 3 },
];

export function goldenFile({ task, mode }: GoldenRun): URL {
  return new URL(`traces/${task}-${mode}.safetensors`, import.meta.url);
}
