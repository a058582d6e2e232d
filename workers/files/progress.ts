import type { LoadProgress } from "../engine.ts";

/** The stretch of time over which the rate is taken, ms. */
const span = 2000;
/** The least time between two reports, ms; the page cannot draw more of them. */
const pause = 80;

/**
 * Turns bytes as they come into progress: all files together, rate over the
 * last two seconds, seconds left. While files are verified, the bytes that are
 * verified are counted; in all other phases those that have come.
 */
export class Progress {
  private phase: LoadProgress["phase"] = "list";
  private loaded = 0;
  private checked = 0;
  private total = 0;
  private later: ReturnType<typeof setTimeout> | undefined;
  private reported = Number.NEGATIVE_INFINITY;
  /** Bytes that were worked off in this phase; what lay in the cache already says nothing of the rate. */
  private worked = 0;
  private samples: { time: number; worked: number }[] = [];

  constructor(
    private readonly report: (progress: LoadProgress) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Begins a phase; what was loaded stays counted. */
  enter(phase: LoadProgress["phase"]): void {
    if (phase !== this.phase) this.measure();
    this.phase = phase;
    this.tell();
  }

  /** Bytes of all files that will come. */
  expect(total: number): void {
    this.total = total;
    this.measure();
  }

  /** Counts anew from 0, for files of so many bytes; more may be expected. */
  begin(bytes: number): void {
    this.loaded = 0;
    this.checked = 0;
    if (this.total < bytes) this.total = bytes;
    this.measure();
  }

  /** Bytes that came just now. */
  add(bytes: number): void {
    this.loaded += bytes;
    this.work(bytes);
  }

  /** Bytes that were there before; negative where they have to be loaded again. */
  have(bytes: number): void {
    this.loaded += bytes;
  }

  /** Bytes whose hash is right. */
  verified(bytes: number): void {
    this.checked += bytes;
    this.work(bytes);
  }

  private work(bytes: number): void {
    this.worked += bytes;
    const time = this.now();
    this.samples.push({ time, worked: this.worked });
    while (this.samples.length > 2 && time - (this.samples[0]?.time ?? time) > span) this.samples.shift();
    const last = this.phase === "verify" ? this.checked >= this.total : this.loaded >= this.total;
    if (last || time - this.reported >= pause) this.tell();
    // What came just now is told a little later, also where nothing follows for a while.
    else this.later ??= setTimeout(() => this.tell(), pause);
  }

  private measure(): void {
    this.worked = 0;
    this.samples = [{ time: this.now(), worked: 0 }];
  }

  private tell(): void {
    clearTimeout(this.later);
    this.later = undefined;
    this.reported = this.now();
    const first = this.samples[0];
    const last = this.samples[this.samples.length - 1];
    const seconds = first && last ? (last.time - first.time) / 1000 : 0;
    const working = this.phase === "download" || this.phase === "verify";
    const rate = first && last && seconds > 0 && working ? (last.worked - first.worked) / seconds : 0;
    const loaded = this.phase === "verify" ? this.checked : this.loaded;
    const secondsLeft = rate > 0 ? Math.max(0, this.total - loaded) / rate : null;
    this.report({ phase: this.phase, loaded, total: this.total, rate, secondsLeft });
  }
}
