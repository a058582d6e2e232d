/** What a figure is, and what it may use. */
import type { Browser } from "@playwright/test";

export interface Stage {
  /** One Chromium for all figures; each opens contexts of its own. */
  readonly browser: Browser;
  /** Address of the built app, with a slash at the end. */
  readonly home: string;
  /** Address of the bench's own page, on which an engine runs without the app; built when first asked for. */
  readonly bench: () => Promise<string>;
}

/** What the product promises of a figure. */
export type Bar = { readonly atMost: number } | { readonly atLeast: number };

/** A figure, with the numbers that it was made of. */
export interface Detailed {
  readonly value: number;
  /** By name; each is printed as `figure.name value unit`. */
  readonly details: ReadonlyMap<string, number>;
}

/** A number that the product is held to; one file in `measures/` each, named as the figure. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly bar: Bar;
  /** Bars of some of its details, by their names. */
  readonly also?: Readonly<Record<string, Bar>>;
  run(stage: Stage): Promise<number | Detailed>;
}

/** Whether a value keeps the bar; NaN does not. */
export function keeps(value: number, bar: Bar): boolean {
  return "atMost" in bar ? value <= bar.atMost : value >= bar.atLeast;
}

export function barText(bar: Bar): string {
  return "atMost" in bar ? `at most ${bar.atMost}` : `at least ${bar.atLeast}`;
}

/** The value below which a share `q` of the values lies, interpolated between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new RangeError("quantile: expected at least one value, got none");
  return low + (high - low) * (at - Math.floor(at));
}

/** The middle of what several runs gave; the mean of the two middle ones where they are even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
