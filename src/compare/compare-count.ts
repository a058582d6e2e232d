/** Two ways of answering over many held-out problems: counted one by one, and looked at on the way. */
import type { ComparisonView } from "../../probes/comparison/comparison.ts";
import type { Problem } from "../../probes/tasks/task.ts";
import type { Trace } from "../../probes/trace.ts";
import type { ProbeHandle } from "../../workers/connect-probes.ts";
import { firstSeed } from "../measures/accuracy.ts";
import { messageOf } from "../models/engine-host.ts";

/** What answers a problem on one side. */
export interface CountedSide {
  run(problem: Problem): Promise<Trace>;
  stop(): void;
}

/** At most this long between two views, ms. */
const viewEvery = 400;

export class CompareCount {
  /** What is known so far. */
  view: ComparisonView | null = null;
  /** How many are to be answered. */
  problems = 20;
  /** How many are; null while nothing is being answered. */
  done: number | null = null;
  error = "";
  private round = 0;
  private sides: readonly CountedSide[] = [];
  /** Where the numbers are, and the layer that they are wanted at. */
  private kept: { readonly probes: ProbeHandle; readonly layer: () => number } | null = null;

  /** @param changed  called after each change */
  constructor(private readonly changed: () => void) {}

  async run(probes: ProbeHandle, layer: () => number, draw: (seed: number) => Problem, sides: () => Promise<readonly [CountedSide, CountedSide]>): Promise<void> {
    this.forget();
    const { round } = this;
    this.done = 0;
    this.changed();
    try {
      await probes.beginComparison();
      const [a, b] = (this.sides = await sides());
      if (round !== this.round) return;
      this.kept = { probes, layer };
      let viewed = performance.now();
      for (let i = 0; i < this.problems; i++) {
        const problem = draw(firstSeed + i);
        const [x, y] = await Promise.all([a.run(problem), b.run(problem)]);
        if (round !== this.round) return;
        await probes.addToComparison(x, y);
        if (round !== this.round) return;
        this.done = i + 1;
        if (i > 1 && performance.now() - viewed > viewEvery) {
          await this.look();
          viewed = performance.now();
        }
        this.changed();
      }
      await this.look();
    } catch (error) {
      if (round === this.round && !(error instanceof Error && error.name === "AbortError")) this.error = messageOf(error);
    }
    if (round !== this.round) return;
    this.done = null;
    this.changed();
  }

  /** Looks again, as when another layer is selected. */
  async look(): Promise<void> {
    const { kept } = this;
    if (!kept) return;
    const view = await kept.probes.viewComparison(kept.layer());
    if (kept === this.kept && view.problems > 0) this.view = view;
  }

  /** Ends the count; what was counted stays. */
  async stop(): Promise<void> {
    if (this.done === null) return;
    this.end();
    this.changed();
    await this.look();
    this.changed();
  }

  /** Ends it, and forgets what was counted. */
  forget(): void {
    this.end();
    this.kept = null;
    this.view = null;
    this.error = "";
  }

  private end(): void {
    this.round++;
    if (this.done !== null) for (const side of this.sides) side.stop();
    this.done = null;
  }
}
