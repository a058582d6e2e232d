import type { LoadProgress } from "../engine.ts";

/** The stretch of time over which the rate is taken, ms. */
const span = 2000;
/** The least time between two reports, ms; the page cannot draw more of them. */
const pause = 80;

/** Turns bytes as they come into progress: all files together, rate over the last two seconds, seconds left. */
export class Progress {
  private phase: LoadProgress["phase"] = "list";
  private loaded = 0;
  private total = 0;
  private later: ReturnType<typeof setTimeout> | undefined;
  private reported = Number.NEGATIVE_INFINITY;
  private readonly samples: { time: number; loaded: number }[] = [];

  constructor(
    private readonly report: (progress: LoadProgress) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Begins a phase; what was loaded stays counted. */
  enter(phase: LoadProgress["phase"]): void {
    this.phase = phase;
    this.tell();
  }

  expect(total: number): void {
    this.total = total;
    this.samples.push({ time: this.now(), loaded: 0 });
  }

  add(bytes: number): void {
    this.loaded += bytes;
    const time = this.now();
    this.samples.push({ time, loaded: this.loaded });
    while (this.samples.length > 2 && time - (this.samples[0]?.time ?? time) > span) this.samples.shift();
    // The hash of the last file is all that is left to wait for.
    if (this.loaded >= this.total) this.enter("verify");
    else if (time - this.reported >= pause) this.tell();
    // What came just now is told a little later, also where nothing follows for a while.
    else this.later ??= setTimeout(() => this.tell(), pause);
  }

  private tell(): void {
    clearTimeout(this.later);
    this.later = undefined;
    this.reported = this.now();
    const first = this.samples[0];
    const last = this.samples[this.samples.length - 1];
    const seconds = first && last ? (last.time - first.time) / 1000 : 0;
    const rate = first && last && seconds > 0 && this.phase === "download" ? (last.loaded - first.loaded) / seconds : 0;
    const secondsLeft = rate > 0 ? (this.total - this.loaded) / rate : null;
    this.report({ phase: this.phase, loaded: this.loaded, total: this.total, rate, secondsLeft });
  }
}
