/** Runs as files: what is saved, and what an opened file brings along. */
import { decodeTrace, encodeTrace } from "../probes/trace-file.ts";
import type { RunPicture } from "../probes/run-picture.ts";
import type { Trace } from "../probes/trace.ts";
import { isControl, LiveRun, type RunKey } from "./live-run.ts";
import { fitToTask, type Settings } from "./settings.ts";

/** A finished run as a file, with the pictures that it is drawn in: name and bytes; null while it is going on. */
export function traceFile({ trace }: LiveRun, pictures: readonly RunPicture[] = []): { name: string; bytes: Uint8Array<ArrayBuffer> } | null {
  if (!trace) return null;
  const model = trace.model.id.split("/").at(-1) ?? "model";
  const what = trace.problem ? `${trace.problem.task}-${trace.problem.difficulty}-seed${trace.problem.seed}` : "custom";
  const how = trace.thought && trace.thought !== "hidden" ? `${trace.mode}-${trace.thought}` : trace.mode;
  return { name: `geodesic-${model}-${what}-${how}.safetensors`, bytes: encodeTrace(pictures.length > 0 ? { ...trace, pictures } : trace) };
}

/**
 * A saved run, and the column that it belongs to.
 *
 * @throws Error where the file is none of ours, with what was expected
 */
export function openTraceFile(bytes: Uint8Array, name: string): { key: RunKey; run: LiveRun; trace: Trace } {
  const trace = decodeTrace(bytes);
  const key: RunKey = trace.mode === "latent" && trace.thought !== null && isControl(trace.thought) ? "control" : trace.mode;
  return { key, run: LiveRun.opened(trace, name), trace };
}

/** Settings that show the question of a trace; the same object where they do already, null where the question was typed by hand. */
export function settingsFor({ problem }: Trace, settings: Settings): Settings | null {
  if (!problem) return null;
  const same = problem.task === settings.task && problem.seed === settings.seed && problem.difficulty === settings.difficulty && problem.variant === settings.variant;
  if (same) return settings;
  return fitToTask({ ...settings, task: problem.task, seed: problem.seed, difficulty: problem.difficulty, shots: problem.shots, variant: problem.variant });
}
