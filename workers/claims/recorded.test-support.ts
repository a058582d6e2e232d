/** What `tools/record-claims.ts` left, for tests: what holds of a long training is tested on its record. */
import { readFileSync } from "node:fs";
import type { Evidence } from "./claim.ts";
import { decodeRun } from "./evidence.ts";

/** @param kind  `sabotaged`: the run with the model spoiled on purpose */
export function recordedEvidence(id: string, kind: "honest" | "sabotaged" = "honest"): Evidence {
  return decodeRun(readFileSync(new URL(`./recorded/${kind === "sabotaged" ? "sabotaged/" : ""}${id}.json`, import.meta.url), "utf8")).evidence;
}
