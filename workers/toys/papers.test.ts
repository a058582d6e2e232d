/** The eight files read like their papers: formula, source and what is left out on top, the code below, 40 to 120 lines. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { architectureIds } from "../lab/architecture.ts";

test.each(architectureIds)("%s", (id) => {
  const lines = readFileSync(new URL(`./${id}.ts`, import.meta.url), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(40);
  expect(lines.length).toBeLessThanOrEqual(120);
  const place = (what: RegExp): number => {
    const found = lines.findIndex((line) => what.test(line));
    expect(found, `${id}.ts: a line as ${what}`).toBeGreaterThanOrEqual(0);
    return found;
  };
  const order = [place(/^\/\*\*$/), place(/^ \* {3}.* (=|←) /), place(/^ \* Source: .*\b(19|20)\d\d\b/), place(/^ \* Left out for clarity: /), place(/^ \*\/$/), place(/^import /), place(/^export function /)];
  expect(order[0]).toBe(0);
  expect(order).toEqual([...order].sort((a, b) => a - b));
});
