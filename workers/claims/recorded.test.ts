/** What was recorded beforehand still fits the claims: whole, at full size, and judged without a fault. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodeRun, type RecordedRun } from "./evidence.ts";
import { claims } from "./index.ts";
import { ClaimsService } from "./service.ts";

const folder = fileURLToPath(new URL("recorded/", import.meta.url));
const files = existsSync(folder) ? readdirSync(folder) : [];
const service = new ClaimsService({ claims, loadModel: () => Promise.reject(new Error("expected no model")) });

test("every recording belongs to a claim that says so", () => {
  const saying = claims.filter(({ recorded }) => recorded).map(({ id }) => `${id}.json`);
  expect(files.filter((file) => !saying.includes(file))).toEqual([]);
});
for (const file of files) {
  test(`${file}: full size, at least three seeds, a date, versions, a verdict`, () => {
    const text = readFileSync(`${folder}${file}`, "utf8");
    const run = decodeRun(text) as RecordedRun;
    expect([`${run.id}.json`, run.size, run.sabotaged]).toEqual([file, "full", false]);
    expect(run.seeds.length).toBeGreaterThanOrEqual(3);
    expect(Number.isNaN(Date.parse(run.date))).toBe(false);
    expect(Object.keys(run.versions)).toContain("commit");
    expect(service.judgeRecorded(run).judgement.reason).not.toBe("");
    // A verdict in the file would be one that nobody can check.
    expect(text).not.toContain('"verdict"');
  });
}
