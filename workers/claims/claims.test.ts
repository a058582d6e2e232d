/** What all claims keep: their record here, what they measure in the test beside each of them. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Claim, Evidence } from "./claim.ts";
import { claimFaults, evidenceFaults, idleThresholds, recordFaults, repeatFaults, runClaim } from "./claim-checks.test-support.ts";
import { claim as claimOf, claims } from "./index.ts";
import { barOverSeeds, countOverSeeds, lineOverSeeds, overSeeds, ratioLineOverSeeds, ratioOverSeeds, shareBarOverSeeds, shareLineOverSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(folder);

test("ids are unique, and each is found", () => {
  expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
  for (const claim of claims) expect(claimOf(claim.id)).toBe(claim);
  expect(() => claimOf("nothing")).toThrow('claim: expected one of');
});

// The sum of what was measured on two cores; a run itself is no unit test.
test("all live runs one after another take at most 15 minutes", () => expect(claims.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThanOrEqual(900));

for (const claim of claims) {
  test(`${claim.id} keeps the record`, () => expect(recordFaults(claim)).toEqual([]));
  test(`${claim.id} has a file named for it, and a test that checks its evidence`, () => {
    const file = files.find((name) => name.startsWith(`${claim.id.toLowerCase()}-`) && name.endsWith(".ts") && !name.includes(".test"));
    expect(file).toBeDefined();
    expect(readFileSync(`${folder}/${file!.replace(/\.ts$/, ".test.ts")}`, "utf8")).toContain("claimFaults(");
  });
}

describe("what is wrong is caught", () => {
  const good: Claim = {
    id: "A1",
    system: "general",
    title: "Is a fair coin fair?",
    statement: { en: "It is.", zh: "是" },
    expectation: { verdict: "supports", text: "Half.", sources: [{ text: "Bernoulli 1713", recalled: true }] },
    data: "Tosses.",
    model: "A coin.",
    measurement: "Share of heads.",
    rule: "supports within `near` of a half, refutes beyond",
    thresholds: { near: { value: 0.1, unit: "1", meaning: "how near counts" } },
    seeds: [1, 2, 3],
    seconds: 1,
    doesNotShow: "Other coins.",
    wouldChange: "A bent coin.",
    sabotage: { what: "A coin with two heads.", verdict: "refutes" },
    run: async ({ sabotaged, progress }) => {
      await progress(0, "tossing");
      await progress(1, "done");
      return evidence(sabotaged ? 1 : 0.5);
    },
    judge: ({ quantities }, { near = NaN }) => ({ verdict: Math.abs(quantities[0]!.value - 0.5) <= near ? "supports" : "refutes", reason: "Heads." }),
  };
  function evidence(value: number): Evidence {
    return { quantities: [{ id: "heads", label: "share of heads", value, unit: "1" }], figures: [{ kind: "bars", title: "Heads", y: { label: "share", unit: "1" }, categories: ["a"], bars: [{ name: "heads", values: [value] }] }] };
  }
  const faults = (change: Partial<Claim>): string[] => recordFaults({ ...good, ...change });

  test("a sound claim has no fault", async () => expect(claimFaults(good, await runClaim(good), await runClaim(good, { sabotaged: true }))).toEqual([]));
  test("in the record", () => {
    expect(faults({ title: "Fair coins" })).toEqual([expect.stringContaining("a question")]);
    expect(faults({ statement: { en: "It is.", zh: "$x$ 是" } })).toEqual([expect.stringContaining("phrase")]);
    expect(faults({ seeds: [1, 2, 2] })).toEqual([expect.stringContaining("three different seeds")]);
    expect(faults({ expectation: { ...good.expectation, sources: [] } })).toEqual([expect.stringContaining("sources")]);
    expect(faults({ rule: "by feeling" })).toEqual([expect.stringContaining("to name near")]);
    expect(faults({ doesNotShow: " " })).toEqual([expect.stringContaining("doesNotShow")]);
  });
  test("in the evidence", () => {
    const bars = evidence(1).figures[0]!;
    const wrong = (change: Partial<Evidence>): string[] => evidenceFaults(good, { ...evidence(1), ...change });
    expect(evidenceFaults(good, evidence(NaN))).toEqual([]);
    expect(evidenceFaults(good, evidence(Infinity)).length).toBe(2);
    expect(wrong({ figures: [] })).toEqual([expect.stringContaining("one figure")]);
    expect(wrong({ figures: [{ ...bars, bars: [] } as typeof bars] })).toEqual([expect.stringContaining("something to draw")]);
    expect(wrong({ figures: [{ ...bars, categories: ["a", "b"] } as typeof bars] })).toEqual([expect.stringContaining("one length")]);
    expect(wrong({ quantities: [{ id: "x", label: "x", unit: "1", value: 1, low: 2, high: 3 }] })).toEqual([expect.stringContaining("low ≤ value")]);
    expect(evidenceFaults(good, { quantities: [{ id: "x", label: "x", unit: "1", value: 1 }], figures: [{ kind: "lines", title: "t", x: { label: "x", unit: "1" }, y: { label: "y", unit: "1" }, lines: [{ name: "a", x: [1], y: new Float64Array(1) as unknown as number[] }] }] })).toEqual([expect.stringContaining("plain data")]);
  });
  test("a seed that does not settle what is measured", () => {
    const repeated = (spread: number): Evidence => ({ ...evidence(0.5), quantities: [overSeeds({ id: "heads", label: "heads", unit: "1" }, [0.5, 0.5 + spread])] });
    expect(repeatFaults(repeated(0))).toEqual([]);
    expect(repeatFaults(repeated(0.1))).toEqual([expect.stringContaining("heads: expected the same for the same seed")]);
  });
  test("a sabotage without effect, a verdict that hangs on nothing", () => {
    const always: Claim = { ...good, judge: () => ({ verdict: "supports", reason: "Because." }) };
    expect(idleThresholds(always, [evidence(1)])).toEqual(["near"]);
    expect(claimFaults(always, evidence(0.5), evidence(1)).join()).toMatch(/sabotage to change.*refutes after the sabotage.*near to matter/s);
  });
});

test("over seeds: mean, interval, gaps", () => {
  const what = { id: "x", label: "x", unit: "1" };
  expect(overSeeds(what, [1, NaN])).toEqual({ ...what, value: 1, n: 1 });
  const three = overSeeds(what, [1, 2, 3]);
  expect([three.value, three.n]).toEqual([2, 3]);
  expect(countOverSeeds(what, [1, 2, 3])).toEqual({ ...what, value: 2, n: 3 });
  expect(three.low).toBeCloseTo(2 - 4.3027 / Math.sqrt(3), 10);
  expect(lineOverSeeds("a", [0, 1], [[1, 2], [3, NaN]])).toMatchObject({ y: [2, 2], role: "measured" });
  expect(() => lineOverSeeds("a", [0, 1], [[1]])).toThrow("expected 2 values");
  expect(shareLineOverSeeds("a", [0, 1], [[0, 0.5], [1, 0.5]])).toMatchObject({ y: [0.5, 0.5], low: [0, 0.5], high: [1, 0.5] });
  const ratios = ratioLineOverSeeds("a", [0, 1], [[1, 0], [100, 1]]);
  expect(ratios.y[1]).toBeNaN();
  expect(ratios.y[0]).toBeCloseTo(10, 12);
  expect(Math.log(ratios.high![0]! / 10)).toBeCloseTo(12.7062 * Math.log(10), 9);
  const ratio = ratioOverSeeds(what, [1, 100]);
  expect(ratio.value).toBeCloseTo(10, 12);
  expect(Math.log(ratio.high! / 10)).toBeCloseTo(12.7062 * Math.log(10), 9);
  expect(ratioOverSeeds(what, [1, 0])).toEqual({ ...what, value: NaN, n: 2 });
  expect(barOverSeeds("a", [[1, 3], [2, 2]])).toMatchObject({ values: [2, 2], low: [2 - 12.7062, 2], high: [2 + 12.7062, 2] });
  expect(shareBarOverSeeds("a", [[0, 1]])).toMatchObject({ values: [0.5], low: [0], high: [1] });
  expect(shareOverSeeds(what, [0, 1])).toEqual({ ...what, value: 0.5, low: 0, high: 1, n: 2 });
  expect(barOverSeeds("a", [[1]])).toEqual({ name: "a", role: "measured", values: [1] });
});
