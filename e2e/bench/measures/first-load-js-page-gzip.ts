/** JavaScript that the page itself runs until its first complete picture, gzipped; WebAssembly and model apart. */
import { firstLoad } from "../../first-load.ts";
import type { Measure } from "../measure.ts";

const measure: Measure = {
  name: "first-load-js-page-gzip",
  unit: "KiB",
  bar: { atMost: 160 },
  async run({ browser, home }) {
    const page = await browser.newPage();
    const load = await firstLoad(page, home);
    await page.close();
    return load.page / 1024;
  },
};
export default measure;
