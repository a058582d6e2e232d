/** The results that `tools/record-claims.ts` made beforehand and left in `recorded/`, each loaded when it is asked for. */
import { type RecordedRun, revived } from "./evidence.ts";

const files = import.meta.glob<{ default: unknown }>("./recorded/*.json");

/** Null where there is none. */
export async function recordedRun(id: string): Promise<RecordedRun | null> {
  const load = files[`./recorded/${id}.json`];
  return load ? (revived((await load()).default) as RecordedRun) : null;
}
