/** From the start of navigation to the first complete picture: model, four answers, projection. Median of five, each with an empty cache. */
import { ready } from "../../fixtures.ts";
import { median, type Measure } from "../measure.ts";

const runs = 5;

const measure: Measure = {
  name: "first-picture",
  unit: "ms",
  bar: { atMost: 3000 },
  async run({ browser, home }) {
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      await page.goto(home);
      await ready(page);
      // A mark's time counts from the start of navigation.
      times.push(await page.evaluate(() => performance.getEntriesByName("geodesic:first-picture")[0]?.startTime ?? NaN));
      await context.close();
    }
    return median(times);
  },
};
export default measure;
