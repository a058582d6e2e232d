/** JavaScript of the page and all its workers until the first complete picture, gzipped; WebAssembly and model apart. */
import { firstLoad } from "../../first-load.ts";
import type { Measure } from "../measure.ts";

const measure: Measure = {
  name: "first-load-js-all-gzip",
  unit: "KiB",
  bar: { atMost: 400 },
  async run({ browser, home }) {
    const page = await browser.newPage();
    const load = await firstLoad(page, home);
    await page.close();
    return load.all / 1024;
  },
};
export default measure;
