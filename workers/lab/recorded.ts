/** What `tools/record-lab.ts` made beforehand and left in `recorded/`, fetched when it is asked for. */
import type { LessonResult } from "./results.ts";
import { decodeWeights, type WeightsFile } from "./weights-file.ts";

const results = import.meta.glob<{ default: unknown }>("./recorded/results.json");
const files = import.meta.glob<string>("./recorded/*.safetensors", { query: "?url", import: "default", eager: true });

/** Of every architecture on every task. */
export async function recordedResults(): Promise<readonly LessonResult[]> {
  const load = results["./recorded/results.json"];
  return load ? ((await load()).default as LessonResult[]) : [];
}

/** Trained weights, rounded to float16; null where none are shipped. */
export async function recordedWeights(architecture: string, task: string): Promise<WeightsFile | null> {
  const url = files[`./recorded/${architecture}-${task}.safetensors`];
  if (url === undefined) return null;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`lab: expected the weights ${url}, got status ${response.status}; reload the page`);
  return decodeWeights(new Uint8Array(await response.arrayBuffer()));
}
