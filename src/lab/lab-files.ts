/** Weights of the lab as files on the reader's disk. */
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import { decodeWeights, encodeWeights, type WeightsFile } from "../../workers/lab/weights-file.ts";

/** Offers a file to be kept. */
export function saveWeights(file: WeightsFile): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([encodeWeights(file)], { type: "application/octet-stream" }));
  link.download = `${file.architecture}-${file.task}-seed-${file.seed}-step-${file.steps}.safetensors`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @throws RangeError where it holds no weights of the lab */
export async function openWeights(file: File): Promise<WeightsFile> {
  const read = decodeWeights(new Uint8Array(await file.arrayBuffer()));
  // A task that is not known here has no vocabulary to read it with.
  sequenceTask(read.task);
  return read;
}
