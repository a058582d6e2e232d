/** Moves the cursor from step to step, as if the runs happened once more. */
import type { Session } from "./session.ts";

/** Time that each step stays under the cursor, ms. */
const perStep = 700;

export class Player {
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly session: Pick<Session, "settings" | "stepRange" | "select" | "changed">) {}

  get playing(): boolean {
    return this.timer !== null;
  }

  /** Plays, from the beginning where the end was reached; pauses where it plays. */
  toggle(): void {
    if (this.playing) return this.stop();
    if (this.atEnd) this.session.select({ step: 0 });
    this.timer = setInterval(() => {
      if (this.atEnd) this.stop();
      else this.session.select({ step: this.session.settings.selection.step + 1 });
    }, perStep);
    this.session.changed();
  }

  stop(): void {
    if (this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    this.session.changed();
  }

  private get atEnd(): boolean {
    return this.session.settings.selection.step >= this.session.stepRange.last;
  }
}
