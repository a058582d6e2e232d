/** Stopping between steps. A worker hears `stop()` only when it lets the event loop turn. */
import { AbortError } from "../engine.ts";

/** Longest time without a turn of the event loop, ms. */
const longest = 50;

export class Pulse {
  private last = performance.now();

  constructor(private readonly signal: AbortSignal) {}

  /**
   * Lets messages in, if it is time, and breaks off where the signal says so.
   *
   * @throws AbortError
   */
  async beat(): Promise<void> {
    if (performance.now() - this.last > longest) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.last = performance.now();
    }
    if (this.signal.aborted) throw new AbortError("run: stopped");
  }
}
