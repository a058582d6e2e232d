/** The lab's first step of training, from the click, by the page's own clock; and whether the page stalled meanwhile. */
import { type Detailed, type Measure, median, type Stage } from "./measure.ts";

const rounds = 3;
/** Training goes on for so long after the first step, ms, while the page is watched. */
const watched = 3000;

interface Round {
  /** From the click to the report of the first step, ms. */
  readonly first: number;
  /** The longest task of the page's own thread, ms; 0 where none lasted 50 ms. */
  readonly longest: number;
}

async function round({ browser, home }: Stage, architecture: string): Promise<Round> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(`${home}#/lab/${architecture}?task=selective-copying`);
    const button = page.getByRole("button", { name: "train", exact: true });
    await button.waitFor();
    // What it takes to open the page is no part of it.
    await page.waitForTimeout(1500);
    await page.evaluate(() => {
      const seen: number[] = [];
      new PerformanceObserver((list) => seen.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
      Object.assign(globalThis, { geodesicLongTasks: seen });
    });
    await button.click();
    await page.waitForFunction(() => performance.getEntriesByName("geodesic:first-training-step").length > 0, undefined, { timeout: 60_000 });
    await page.waitForTimeout(watched);
    return await page.evaluate(() => ({
      first: performance.getEntriesByName("geodesic:first-training-step")[0]!.duration,
      longest: Math.max(0, ...(globalThis as unknown as { geodesicLongTasks: number[] }).geodesicLongTasks),
    }));
  } finally {
    await context.close();
  }
}

/** @param atMost  s */
export function firstTrainingStep(architecture: string, atMost: number): Measure {
  return {
    name: `lab-first-step-${architecture}`,
    unit: "s",
    bar: { atMost },
    async run(stage): Promise<Detailed> {
      const seen: Round[] = [];
      for (let i = 0; i < rounds; i++) seen.push(await round(stage, architecture));
      return { value: median(seen.map(({ first }) => first)) / 1000, details: new Map([["longest-task-ms", Math.max(...seen.map(({ longest }) => longest))]]) };
    },
  };
}

/** The page while a model trains in its worker: the longest task of its own thread. */
export function longestTask(architectures: readonly string[]): Measure {
  return {
    name: "lab-longest-task",
    unit: "ms",
    bar: { atMost: 50 },
    async run(stage): Promise<number> {
      const seen: Round[] = [];
      for (const architecture of architectures) seen.push(await round(stage, architecture));
      return Math.max(...seen.map(({ longest }) => longest));
    },
  };
}
