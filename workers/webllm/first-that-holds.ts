/** Which of several ways to the hidden states is taken. */
import { EngineError } from "../engine.ts";

/**
 * Tries one way after another, until one passes its checks. Each is told why
 * those before it did not: that the second way was needed is worth knowing.
 *
 * @param attempt  throws an EngineError where the way does not hold; any other error ends the search
 * @param over     whether nothing more can work, as after a lost device
 * @throws what the first way said, since it is the one that ought to work
 */
export async function firstThatHolds<Way, Result>(ways: readonly Way[], attempt: (way: Way, reason: string | null) => Promise<Result>, over: () => boolean): Promise<Result> {
  let first: EngineError | null = null;
  for (const way of ways) {
    try {
      return await attempt(way, first && `The usual way to the hidden states did not hold, so another was taken: ${first.message}`);
    } catch (error) {
      if (over() || !(error instanceof EngineError)) throw error;
      first ??= error;
    }
  }
  throw first ?? new EngineError("tap: expected a way to read hidden states, got none; choose another library");
}
