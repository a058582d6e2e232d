/** What of models is stored in this browser, as the page tells it. */
import { cachedModels, keepStorage } from "../../workers/files/cached-models.ts";
import type { ModelChoice } from "./model-choice.ts";

/** What is here of a download that has not ended. */
export interface Kept {
  readonly bytes: number;
  readonly total: number;
}

/** What of a hub model lies in this browser; null where nothing does. */
export async function keptOf({ source, id, engine }: ModelChoice): Promise<Kept | null> {
  if (source !== "hub") return null;
  const models = await cachedModels().catch(() => []);
  const own = models.find((model) => model.id === id && (model.kind === engine || model.kind === null));
  return own && own.bytes > 0 ? { bytes: own.bytes, total: own.total } : null;
}

/** Asks the browser not to clear what a large download brings. Only a page can ask. */
export function askToKeep(bytes: number): void {
  void keepStorage(bytes);
}
