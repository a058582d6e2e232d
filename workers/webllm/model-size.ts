/** What a model will cost to download, asked at the click, before anything large is fetched. */
import { describeHubModel } from "../files/hub.ts";
import type { Fetch } from "../files/listing.ts";

export interface ModelSize {
  readonly commit: string;
  /** Of the files that WebLLM needs, to the byte; the library comes on top. */
  readonly bytes: number;
  readonly files: number;
  /** As the model card names it; null where it does not say. */
  readonly licence: string | null;
  /** Nobody, or only those who have agreed to its terms, may download it. */
  readonly closed: boolean;
}

/** Configuration, list of weights, tokenizer, weights; not the original's README and history. */
const needed = /^(?:mlc-chat-config|tensor-cache|ndarray-cache|tokenizer|tokenizer_config|generation_config)\.json$|^chat_template\.jinja$|^params_shard_\d+\.bin$/;

/** @throws EngineError where the repository is not there, or the hub does not answer */
export async function modelSize(repository: string, fetcher: Fetch, signal: AbortSignal, revision?: string): Promise<ModelSize> {
  const { commit, licence, closed, files } = await describeHubModel(repository, revision, fetcher, signal);
  // Of the two names of the list of weights, the newer one is read.
  const newer = files.some(({ path }) => path === "tensor-cache.json");
  const own = files.filter(({ path }) => needed.test(path) && !(newer && path === "ndarray-cache.json"));
  return { commit, licence, closed, files: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
}
