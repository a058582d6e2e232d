/** What was recorded beforehand still fits the claims: whole, at full size, and judged as its claim says. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeRun, type RecordedRun } from "./evidence.ts";
import { claims } from "./index.ts";
import { ClaimsService } from "./service.ts";

const service = new ClaimsService({ claims, loadModel: () => Promise.reject(new Error("expected no model")) });

describe.each([
  ["honest", new URL("recorded/", import.meta.url)],
  ["sabotaged", new URL("recorded/sabotaged/", import.meta.url)],
] as const)("%s", (kind, url) => {
  const folder = fileURLToPath(url);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];

  test("every recording belongs to a claim", () => {
    // Sabotaged runs are kept for tests, so any claim may have one.
    const known = claims.filter(({ recorded }) => recorded || kind === "sabotaged").map(({ id }) => `${id}.json`);
    expect(files.filter((file) => !known.includes(file))).toEqual([]);
  });
  for (const file of files) {
    test(`${file}: at least three seeds, a date, versions, a verdict`, () => {
      const text = readFileSync(`${folder}${file}`, "utf8");
      const run = decodeRun(text) as RecordedRun;
      expect([`${run.id}.json`, run.sabotaged]).toEqual([file, kind === "sabotaged"]);
      if (kind === "honest") expect(run.size).toBe("full");
      expect(run.seeds.length).toBeGreaterThanOrEqual(3);
      expect(Number.isNaN(Date.parse(run.date))).toBe(false);
      expect(Object.keys(run.versions)).toContain("commit");
      const { judgement } = service.judgeRecorded(run);
      expect(judgement.reason).not.toBe("");
      if (kind === "sabotaged") expect(judgement.verdict).toBe(claims.find(({ id }) => id === run.id)!.sabotage.verdict);
      // A verdict in the file would be one that nobody can check.
      expect(text).not.toContain('"verdict"');
    });
  }
});
