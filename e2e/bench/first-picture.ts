/** How long a reader waits for the first complete picture. */
import { ready } from "../fixtures.ts";
import { median, type Measure } from "./measure.ts";

const runs = 5;

/** Median of five visits, each with an empty cache. */
export function firstPicture(name: string, address: string, atMost: number): Measure {
  return {
    name,
    unit: "ms",
    bar: { atMost },
    async run({ browser, home }) {
      const times: number[] = [];
      for (let i = 0; i < runs; i++) {
        const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
        const page = await context.newPage();
        await page.goto(`${home}${address}`);
        await ready(page);
        // A mark's time counts from the start of navigation.
        times.push(await page.evaluate(() => performance.getEntriesByName("geodesic:first-picture")[0]?.startTime ?? NaN));
        await context.close();
      }
      return median(times);
    },
  };
}
