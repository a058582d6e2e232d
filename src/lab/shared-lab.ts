/** What the lab's views share: it outlives a visit, so that what was trained is still there when one comes back. */
import { connectLab, type LabHandle } from "../../workers/connect-lab.ts";
import { connectProbes } from "../../workers/connect-probes.ts";
import { recordedResults } from "../../workers/lab/recorded.ts";
import type { LessonResult } from "../../workers/lab/results.ts";
import { LabComparison } from "./lab-comparison.ts";
import { LabTraining } from "./lab-training.ts";

export interface SharedLab {
  readonly handle: LabHandle;
  readonly training: LabTraining;
  readonly comparison: LabComparison;
  /** Of every architecture on every task, as recorded in the repository. */
  readonly results: Promise<readonly LessonResult[]>;
}

let shared: SharedLab | null = null;

export function sharedLab(): SharedLab {
  if (!shared) {
    const handle = connectLab();
    const training = new LabTraining(handle);
    shared = { handle, training, comparison: new LabComparison(handle, connectProbes(), training), results: recordedResults() };
  }
  return shared;
}
