import { expect, test } from "vitest";
import type { Evidence } from "../../workers/claims/claim.ts";
import { revived } from "../../workers/claims/evidence.ts";
import type { ClaimRecord } from "../../workers/claims/service.ts";
import { csvFile, jsonFile } from "./claim-files.ts";
import { figureTable } from "../views/figure-table.ts";

const evidence: Evidence = {
  quantities: [{ id: "e", label: 'error, "worst"', value: 0.25, low: 0.1, high: 0.4, unit: "rad", n: 3, reference: { value: "≤ 1", source: "theory" } }],
  figures: [
    { kind: "lines", title: "L", x: { label: "k", unit: "px" }, y: { label: "e", unit: "1" }, lines: [{ name: "a", x: [1, 2], y: [3, NaN], low: [2, NaN], high: [4, NaN] }, { name: "b", role: "theory", x: [2], y: [5] }] },
    { kind: "bars", title: "B", y: { label: "share", unit: "1" }, categories: ["p", "q"], bars: [{ name: "m", values: [1, 2] }, { name: "chance", role: "null", values: [0.5, 0.5] }] },
    { kind: "scatter", title: "S", x: { label: "x", unit: "" }, y: { label: "y", unit: "" }, groups: [{ name: "g", x: [1], y: [2] }] },
    { kind: "grid", title: "G", rowLabel: "layer", columnLabel: "head", rows: ["1", "2"], columns: ["1", "2", "3"], values: [1, 2, 3, 4, 5, 6], unit: "1" },
  ],
};
const run = { id: "C2", seeds: [1, 2, 3], size: "live", sabotaged: false, evidence, date: "2026-01-02T03:04:05Z", milliseconds: 10 } as const;

test("CSV: a line for each number, quoted where it must be, empty where there is none", () => {
  const { name, text } = csvFile(run);
  const lines = text.trimEnd().split("\r\n");
  expect(name).toBe("geodesic-claim-C2-live-seeds-1-2-3.csv");
  expect(lines[0]).toBe("claim,part,name,role,x,value,low,high,unit,n,reference");
  expect(lines[1]).toBe('C2,quantity,"e: error, ""worst""",measured,,0.25,0.1,0.4,rad,3,≤ 1 (theory)');
  // One quantity, three points, four bars, one point, six cells.
  expect(lines.length).toBe(1 + 1 + 3 + 4 + 1 + 6);
  expect(lines[3]).toBe("C2,L,a,measured,2,,,,1,,");
  expect(lines[4]).toBe("C2,L,b,theory,2,5,,,1,,");
  expect(lines.at(-1)).toBe("C2,G,2,measured,3,6,,,1,,");
});
test("JSON holds the run whole, the verdict, its thresholds and the claim's words", () => {
  const record = { title: "T?", sabotage: { what: "w", verdict: "refutes" } } as unknown as ClaimRecord;
  const { name, text } = jsonFile(record, { ...run, sabotaged: true }, { verdict: "mixed", reason: "r", thresholds: { most: 2 } });
  expect(name).toBe("geodesic-claim-C2-live-seeds-1-2-3-sabotaged.json");
  expect(revived(JSON.parse(text))).toMatchObject({ id: "C2", seeds: [1, 2, 3], sabotaged: true, evidence, judgement: { verdict: "mixed", thresholds: { most: 2 } }, claim: { title: "T?", sabotage: { what: "w" } } });
});
test("figures as tables: the same numbers, and what is not measured says so", () => {
  const [lines, bars, scatter, grid] = evidence.figures.map(figureTable);
  expect(lines).toEqual({ head: ["k (px)", "a", "b (theory)"], rows: [["1", "3 [2, 4]", ""], ["2", "–", "5"]] });
  expect(bars).toEqual({ head: ["", "m", "chance (null)"], rows: [["p", "1", "0.5"], ["q", "2", "0.5"]] });
  expect(scatter).toEqual({ head: ["group", "x", "y"], rows: [["g", "1", "2"]] });
  expect(grid!.rows).toEqual([["1", "1", "2", "3"], ["2", "4", "5", "6"]]);
});
