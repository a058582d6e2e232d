/** The lab's part of the address: `#/lab?task=cups&with=rnn,mamba&problem=3`, `#/lab/mamba?task=cups`. */
import { sequenceTasks } from "../../probes/tasks/sequence/index.ts";
import type { SequenceTask } from "../../probes/tasks/sequence/sequence-task.ts";
import { type ArchitectureId, architectureIds } from "../../workers/lab/architecture.ts";
import type { Compared, LayerChoice } from "./lab-comparison.ts";
import { type Address, writeAddress } from "../places.ts";

/** Shown where the address names none: trained weights of all eight are shipped for it. */
export const firstTask = "multi-query-recall";
const firstArchitectures: readonly ArchitectureId[] = ["rnn", "mamba", "transformer"];
/** More than these would not be told apart in one chart. */
export const mostCompared = 5;
const layerChoices: readonly LayerChoice[] = ["embedding", "first", "last"];

/** The task that an address names. */
export function readTask({ query }: Pick<Address, "query">): SequenceTask {
  const named = sequenceTasks.find(({ id }) => id === query.get("task"));
  return named ?? sequenceTasks.find(({ id }) => id === firstTask)!;
}

/** What an address compares; what makes no sense in it is left out. */
export function readCompared(address: Pick<Address, "query">): Compared {
  const { query } = address;
  const task = readTask(address);
  const { minimum, maximum, initial } = task.difficulty;
  const named = query.get("with")?.split(",");
  const architectures = named ? architectureIds.filter((id) => named.includes(id)).slice(0, mostCompared) : firstArchitectures;
  return {
    task: task.id,
    difficulty: whole(query.get("difficulty"), minimum, maximum) ?? initial,
    problem: whole(query.get("problem"), 0, 999) ?? 0,
    architectures: architectures.length > 0 ? architectures : firstArchitectures,
    layer: layerChoices.find((choice) => choice === query.get("layer")) ?? "last",
  };
}

/** An address that compares this; only what differs from the first view. */
export function writeCompared(wanted: Compared): string {
  const query = new URLSearchParams();
  const first = readCompared({ query: new URLSearchParams({ task: wanted.task }) });
  if (wanted.task !== firstTask) query.set("task", wanted.task);
  if (String(wanted.architectures) !== String(first.architectures)) query.set("with", wanted.architectures.join(","));
  for (const key of ["difficulty", "problem", "layer"] as const) if (wanted[key] !== first[key]) query.set(key, String(wanted[key]));
  return writeAddress({ place: "lab", query });
}

function whole(text: string | null, least: number, most: number): number | null {
  const value = Number(text);
  return text !== null && text !== "" && Number.isInteger(value) && value >= least && value <= most ? value : null;
}
