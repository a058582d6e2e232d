/**
 * `npm run bench [-- names…] [-- --json]`: prints `name value unit`, a line
 * for each figure, measured on the built app. A new figure is a file in
 * `measures/`, whose default export is a Measure; it is found by itself.
 */
import { readdir } from "node:fs/promises";
import type { Measure } from "./measure.ts";
import { onStage } from "./stage.ts";

const folder = new URL("measures/", import.meta.url);

async function measures(): Promise<Measure[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts")).toSorted();
  return Promise.all(files.map(async (file) => ((await import(new URL(file, folder).href)) as { default: Measure }).default));
}

const args = process.argv.slice(2);
const json = args.includes("--json");
const wanted = args.filter((arg) => !arg.startsWith("-"));
const all = await measures();
const unknown = wanted.filter((name) => !all.some((measure) => measure.name === name));
if (unknown.length > 0) {
  console.error(`bench: expected names of figures, got ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

await onStage(async (stage) => {
  const results: Record<string, { value: number; unit: string }> = {};
  for (const measure of all) {
    if (wanted.length > 0 && !wanted.includes(measure.name)) continue;
    try {
      const value = await measure.run(stage);
      results[measure.name] = { value, unit: measure.unit };
      if (!json) console.log(`${measure.name} ${Number(value.toPrecision(4))} ${measure.unit}`);
    } catch (error) {
      // The other figures still count; the exit code says that one is missing.
      console.error(`${measure.name}: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  if (json) console.log(JSON.stringify(results, null, 2));
});
