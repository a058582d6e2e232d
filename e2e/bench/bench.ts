/**
 * `npm run bench [-- names…] [-- --json] [-- --check]`: prints `name value
 * unit`, a line for each figure, measured on the built app; a name ending in
 * `*` takes all that begin so. With `--check`, a figure that misses its bar is
 * told, and the exit code is 1. A new figure is a file in `measures/`, whose
 * default export is a Measure; it is found by itself.
 */
import { readdir } from "node:fs/promises";
import { barText, keeps, type Measure } from "./measure.ts";
import { onStage } from "./stage.ts";

const folder = new URL("measures/", import.meta.url);

async function measures(): Promise<Measure[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts")).toSorted();
  return Promise.all(files.map(async (file) => ((await import(new URL(file, folder).href)) as { default: Measure }).default));
}

const flags = ["--json", "--check"];
const args = process.argv.slice(2);
const json = args.includes("--json");
const check = args.includes("--check");
const wanted = args.filter((arg) => !arg.startsWith("-"));
const all = await measures();
const matches = ({ name }: Measure, pattern: string): boolean => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
const unknown = [
  ...args.filter((arg) => arg.startsWith("-") && !flags.includes(arg)),
  ...wanted.filter((pattern) => !all.some((measure) => matches(measure, pattern))),
];
if (unknown.length > 0) {
  console.error(`bench: expected names of figures, got ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const short = (value: number): number => Number(value.toPrecision(4));

await onStage(async (stage) => {
  const results: Record<string, { value: number; unit: string; bar: string; kept: boolean; details?: Record<string, number> }> = {};
  for (const measure of all) {
    if (wanted.length > 0 && !wanted.some((pattern) => matches(measure, pattern))) continue;
    const { name, unit, bar, also = {} } = measure;
    try {
      const got = await measure.run(stage);
      const { value, details } = typeof got === "number" ? { value: got, details: null } : got;
      const missed = [["", value, bar] as const, ...Object.entries(also).map(([part, own]) => [`.${part}`, details?.get(part) ?? Number.NaN, own] as const)].filter(([, number, own]) => !keeps(number, own));
      const kept = missed.length === 0;
      results[name] = { value, unit, bar: barText(bar), kept, ...(details ? { details: Object.fromEntries(details) } : {}) };
      if (!json) {
        console.log(`${name} ${short(value)} ${unit}`);
        for (const [part, number] of details ?? []) console.log(`${name}.${part} ${short(number)}${part.endsWith("-count") ? "" : ` ${part.endsWith("-ms") ? "ms" : unit}`}`);
      }
      if (check && !kept) {
        for (const [part, number, own] of missed) console.error(`${name}${part}: expected ${barText(own)} ${part.endsWith("-ms") ? "ms" : unit}, got ${short(number)}`);
        process.exitCode = 1;
      }
    } catch (error) {
      // The other figures still count; the exit code says that one is missing.
      console.error(`${name}: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  if (json) console.log(JSON.stringify(results, null, 2));
});
