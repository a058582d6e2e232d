/** What a figure is, and what it may use. */
import type { Browser } from "@playwright/test";

export interface Stage {
  /** One Chromium for all figures; each opens contexts of its own. */
  readonly browser: Browser;
  /** Address of the built app, with a slash at the end. */
  readonly home: string;
}

/** A number that the product is held to; one file in `measures/` each, named as the figure. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  run(stage: Stage): Promise<number>;
}

/** The middle of what several runs gave; the mean of the two middle ones where they are even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new RangeError("median: expected at least one value, got none");
  return (low + high) / 2;
}
