/** The reader's table of all measures says what the probes say of themselves. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { probes } from "./index.ts";

/** Cells of each row that names a probe, by its id. */
const rows = new Map(
  readFileSync(new URL("README.md", import.meta.url), "utf8")
    .split("\n")
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()).slice(1, -1))
    .flatMap((cells): [string, string[]][] => {
      const id = /^`([a-z0-9-]+)`/.exec(cells[0] ?? "")?.[1];
      return id && !id.includes("/") && cells.length === 6 ? [[id, cells]] : [];
    }),
);
/** arXiv numbers in a text. */
const papers = (text: string): string[] => [...text.matchAll(/\d{4}\.\d{5}/g)].map(([number]) => number);

test("a row for each probe, in their order, and no other", () => expect([...rows.keys()]).toEqual(probes.map(({ id }) => id)));
test.each(probes.map((p) => [p.id, p] as const))("%s: unit, paper and whether length alone changes it", (id, { unit, source, length }) => {
  const [name = "", symbol = "", meaning = "", itsUnit = "", itsSource = "", caveat = ""] = rows.get(id)!;
  expect(itsUnit).toContain(unit === "1/distance" ? "1 / residual stream" : unit);
  for (const paper of papers(itsSource)) expect(papers(source)).toContain(paper);
  expect(name.includes("⟷")).toBe(length !== undefined);
  for (const cell of [symbol, meaning, itsSource, caveat]) expect(cell.length).toBeGreaterThan(3);
});
