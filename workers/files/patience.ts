/** Trying again: how often, and how long to wait in between. */
import { Random } from "../../probes/random.ts";
import { AbortError, EngineError } from "../engine.ts";
import { PassingError } from "./request.ts";

export interface Clock {
  /** ms since 1970. */
  now(): number;
  /** Ends early, without an error, where the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
    }),
};

export interface Patience {
  /** Tries after the first, as long as nothing comes of them. */
  readonly retries: number;
  /** The first wait, ms; every further one is twice as long. */
  readonly wait: number;
  /** A connection over which nothing comes for so long, ms, is taken for broken. */
  readonly stall: number;
  readonly clock: Clock;
  /** Spreads the waits, so that not all who were turned away come back at once. */
  readonly random: Random;
}

/** Waits of about 0.5, 1, 2 and 4 s. */
export function patience(changes: Partial<Patience> = {}): Patience {
  const clock = changes.clock ?? wallClock;
  return { retries: 4, wait: 500, stall: 60_000, clock, random: new Random(clock.now()), ...changes };
}

/** The longest wait of our own, and the longest that a server may ask for, ms. */
const longest = 30_000;
const longestAsked = 120_000;

/**
 * Calls until it works.
 *
 * @param attempt   told whether this is the last try
 * @param advanced  whether something came of the last try; if so, the count begins anew
 * @throws what `attempt` throws where that is no PassingError, or where patience is at an end
 */
export async function persist<T>(attempt: (last: boolean) => Promise<T>, { retries, wait, clock, random }: Patience, signal: AbortSignal, advanced: () => boolean = () => false): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await attempt(tried > 0 && tried >= retries);
    } catch (error) {
      if (signal.aborted) throw new AbortError("load: stopped");
      if (!(error instanceof PassingError)) throw error;
      if (advanced()) tried = 0;
      const asked = error.retryAfter ?? 0;
      if (asked > longestAsked) throw new EngineError(`${error.message} (the server asks to wait ${Math.ceil(asked / 60_000)} minutes)`);
      if (tried >= retries) throw error;
      // Between half and all of the doubled wait: exponential back-off with jitter.
      const own = Math.min(longest, wait * 2 ** tried) * (0.5 + 0.5 * random.uniform());
      await clock.sleep(Math.max(asked, own), signal);
      if (signal.aborted) throw new AbortError("load: stopped");
    }
  }
}
