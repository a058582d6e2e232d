/** From the points of a joint picture to the lines of its plot. */
import type { JointPoint } from "../../probes/joint.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { DecodingMode, Step, Trace } from "../../probes/trace.ts";
import { originOf } from "../selection.ts";
import type { PlotTrack } from "../views/picture/trajectory-plot.ts";

/** A run in the picture, and how it looks. */
export interface TrackRun extends Pick<PlotTrack, "control" | "name"> {
  readonly mode: DecodingMode;
  readonly trace: Pick<Trace, "steps">;
}

/**
 * @param runs         in the order in which they were joined
 * @param index        of `jointTrajectory`
 * @param coordinates  [n, 2]
 */
export function tracksOf(runs: readonly TrackRun[], index: readonly JointPoint[], coordinates: Tensor): PlotTrack[] {
  return runs.map((run, i) => {
    const rows = index.flatMap((point, r) => (point.trace === i ? [r] : []));
    const points = new Float32Array(rows.length * 2);
    rows.forEach((r, k) => points.set(coordinates.data.subarray(2 * r, 2 * r + 2), 2 * k));
    return trackOf(run, rows.map((r) => index[r]!.step), points);
  });
}

/** One line: these steps of a run at these points, [n, 2]. */
export function trackOf({ mode, control, name, trace }: TrackRun, indices: readonly number[], points: Float32Array): PlotTrack {
  const origin = originOf(trace);
  const steps = indices.map((i) => trace.steps[i]!);
  return { mode, control, ...(name === undefined ? {} : { name }), steps: steps.map((step) => step.index - origin), labels: steps.map(labelOf), phases: steps.map((step) => step.phase), points };
}

/** A thought is labelled by what it holds. */
function labelOf(step: Step): string {
  return step.token === null ? `◌ ${step.holds?.[0]?.text ?? ""}` : step.text;
}
