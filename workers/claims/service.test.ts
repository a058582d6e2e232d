/** The service, on claims made for the test: what it must do with any claim, good or broken. */
import { expect, test } from "vitest";
import { accuracy } from "../decoding/accuracy.ts";
import type { Decoder } from "../engine.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { checkEvidence, decodeRun, encodeRun } from "./evidence.ts";
import { type ClaimProgress, ClaimsService } from "./service.ts";

const evidenceOf = (value: number): Evidence => ({
  quantities: [{ id: "x", label: "x", value, unit: "1" }],
  figures: [{ kind: "bars", title: "x", y: { label: "x", unit: "" }, categories: ["a"], bars: [{ name: "x", values: [value] }] }],
});

/** Measures the mean of its seeds, 100 where it is spoiled, in ten steps. */
function meanOfSeeds(changes: Partial<Claim> = {}): Claim {
  return {
    id: "A1", system: "general", title: "Are seeds small?", statement: { en: "", zh: "" }, expectation: { verdict: "supports", text: "", sources: [] },
    data: "", model: "", measurement: "", rule: "", thresholds: { most: { value: 5, unit: "1", meaning: "largest mean" } }, seeds: [1, 2, 3], seconds: 10,
    doesNotShow: "", wouldChange: "", sabotage: { what: "seeds", verdict: "refutes" },
    async run({ seeds, progress, sabotaged }: ClaimContext) {
      for (let i = 0; i < 10; i++) await progress(i / 10, `step ${i}`);
      await progress(1, "done");
      return evidenceOf(sabotaged ? 100 : seeds.reduce((a, b) => a + b) / seeds.length);
    },
    judge: ({ quantities }, { most }) => (quantities[0]!.value <= most! ? { verdict: "supports", reason: "small" } : { verdict: "refutes", reason: "large" }),
    ...changes,
  };
}

const serviceOf = (...claims: Claim[]): ClaimsService => new ClaimsService({ claims, loadModel: (choice) => Promise.resolve(nanoDecoder(choice)) });

test("records cross to the page: no functions, all else as it is", () => {
  const [record] = serviceOf(meanOfSeeds()).list();
  expect(structuredClone(record)).toEqual(record);
  expect(record).toMatchObject({ id: "A1", seeds: [1, 2, 3], thresholds: { most: { value: 5 } } });
  expect(record).not.toHaveProperty("run");
});
test("a run says its seeds, what it measured, and the verdict of that", async () => {
  const service = serviceOf(meanOfSeeds());
  const own = await service.run({ id: "A1" });
  expect(own.run).toMatchObject({ id: "A1", seeds: [1, 2, 3], size: "live", sabotaged: false, evidence: evidenceOf(2) });
  expect(own.judgement.verdict).toBe("supports");
  const other = await service.run({ id: "A1", seeds: [7, 9] });
  expect([other.run.seeds, other.run.evidence.quantities[0]!.value, other.judgement.verdict]).toEqual([[7, 9], 8, "refutes"]);
  expect((await service.run({ id: "A1", sabotaged: true })).judgement.verdict).toBe("refutes");
});
test("progress rises to its end, and says what is left", async () => {
  let clock = 0;
  const service = new ClaimsService({ claims: [meanOfSeeds()], loadModel: () => Promise.reject(new Error("none")), now: () => (clock += 1000) });
  const seen: ClaimProgress[] = [];
  await service.run({ id: "A1" }, (progress) => seen.push(progress));
  expect(seen.map(({ done }) => done)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  // A second for each report: the claim's own ten seconds at first, then as it goes: 6 s for a half, 12 s in all.
  expect(seen.map(({ secondsLeft }) => secondsLeft).filter((_, i) => [0, 5, 10].includes(i))).toEqual([9, 6, 0]);
});
test("stop ends the run at work and those that wait; the next one runs", async () => {
  const service = serviceOf(meanOfSeeds());
  const runs = [service.run({ id: "A1" }, () => service.stop()), service.run({ id: "A1" })];
  for (const run of runs) await expect(run).rejects.toMatchObject({ name: "AbortError" });
  expect((await service.run({ id: "A1" })).judgement.verdict).toBe("supports");
});
test("runs take turns", async () => {
  const events: string[] = [];
  const claim = (id: string): Claim => meanOfSeeds({ id, run: async ({ progress }) => {
    events.push(`${id} begins`);
    for (let i = 0; i < 3; i++) { await new Promise((done) => setTimeout(done, 1)); await progress(i / 3, ""); }
    events.push(`${id} ends`);
    return evidenceOf(1);
  } });
  const service = serviceOf(claim("A"), claim("B"));
  await Promise.all([service.run({ id: "A" }), service.run({ id: "B" })]);
  expect(events).toEqual(["A begins", "A ends", "B begins", "B ends"]);
});
test("evidence is judged under other thresholds, and only under those that there are", () => {
  const service = serviceOf(meanOfSeeds());
  expect(service.judge("A1", evidenceOf(4)).verdict).toBe("supports");
  expect(service.judge("A1", evidenceOf(4), { most: 3 }).verdict).toBe("refutes");
  expect(() => service.judge("A1", evidenceOf(4), { least: 3 })).toThrow("expected thresholds among most, got least");
  expect(() => service.judge("A1", evidenceOf(4), { most: NaN })).toThrow("expected a number as most, got NaN");
});
test("what was recorded is judged now, and each of its seeds alone", () => {
  const recorded = { id: "A1", seeds: [1, 9], size: "full", sabotaged: false, evidence: evidenceOf(5), date: "", milliseconds: 1, versions: {}, bySeed: [{ seed: 1, evidence: evidenceOf(1) }, { seed: 9, evidence: evidenceOf(9) }] } as const;
  const { judgement, bySeed } = serviceOf(meanOfSeeds()).judgeRecorded(recorded);
  expect([judgement.verdict, bySeed.map(({ seed, judgement }) => `${seed} ${judgement.verdict}`)]).toEqual(["supports", ["1 supports", "9 refutes"]]);
  expect(() => serviceOf(meanOfSeeds()).judgeRecorded({ ...recorded, evidence: { quantities: [], figures: [] } })).toThrow("claim A1, recorded: expected at least one quantity");
});
test("a broken claim says so, and the next one runs", async () => {
  const broken = (id: string, run: Claim["run"]): Claim => meanOfSeeds({ id, run });
  const service = serviceOf(
    broken("throws", () => Promise.reject(new TypeError("no such weight"))),
    broken("empty", () => Promise.resolve({ quantities: [], figures: [] })),
    broken("uneven", () => Promise.resolve({ ...evidenceOf(1), figures: [{ kind: "lines", title: "t", x: { label: "x", unit: "" }, y: { label: "y", unit: "" }, lines: [{ name: "l", x: [1, 2], y: [1] }] }] })),
    meanOfSeeds({ id: "undecided", judge: () => ({ verdict: "perhaps" as "mixed", reason: "?" }) }),
    meanOfSeeds(),
  );
  await expect(service.run({ id: "throws" })).rejects.toThrow("no such weight");
  await expect(service.run({ id: "empty" })).rejects.toThrow("claim empty: expected at least one quantity, got none");
  await expect(service.run({ id: "uneven" })).rejects.toThrow('lists of one length in "t", l, got 2, 1');
  await expect(service.run({ id: "undecided" })).rejects.toThrow("expected one of supports, mixed, refutes");
  await expect(service.run({ id: "Z9" })).rejects.toThrow('got "Z9"');
  await expect(service.run({ id: "A1", seeds: [] })).rejects.toThrow("at least one, got none");
  expect((await service.run({ id: "A1" })).judgement.verdict).toBe("supports");
});
test("the embedded model is loaded once, and begins empty each time", async () => {
  let loads = 0;
  const claim = meanOfSeeds({ run: async ({ embeddedModel }) => {
    const decoder = await embeddedModel();
    const length = decoder.length;
    await decoder.forward([1, 2, 3]);
    return evidenceOf(length);
  } });
  const service = new ClaimsService({ claims: [claim], loadModel: (choice) => Promise.resolve((loads++, nanoDecoder(choice))) });
  for (let i = 0; i < 2; i++) expect((await service.run({ id: "A1" })).run.evidence.quantities[0]!.value).toBe(0);
  expect(loads).toBe(1);
});
test("an untrained model has the trained one's shapes, the size of a fresh one, and no skill", async () => {
  const fresh = nanoDecoder({ untrained: true });
  const trained = nanoDecoder();
  expect(fresh.spec.layers).toBe(trained.spec.layers);
  // E is √D times a head of entries 1/√D: rows of norm √D.
  expect(fresh.embeddingNorm / Math.sqrt(fresh.spec.hiddenSize)).toBeCloseTo(1, 1);
  const asked = { task: "pointer-chase", variant: null, shots: 0, problems: 10, seed: 1, cells: [{ mode: "direct", difficulty: 1, thought: "hidden", noise: 0, thoughts: null }] } as const;
  const right = async (decoder: Decoder): Promise<number> => (await accuracy(decoder, asked, () => undefined, new AbortController().signal))[0]!.correct;
  expect(await right(trained)).toBeGreaterThanOrEqual(9);
  expect(await right(fresh)).toBeLessThanOrEqual(4);
});
test("evidence survives a file, NaN and infinities included", () => {
  const evidence: Evidence = { quantities: [{ id: "x", label: "x", value: NaN, low: -Infinity, high: 1 / 3, unit: "1" }], figures: [] };
  const run = { id: "A1", seeds: [1], size: "full", sabotaged: false, evidence, date: "2026-01-01T00:00:00Z", milliseconds: 12 } as const;
  expect(decodeRun(encodeRun(run))).toEqual({ ...run, evidence: { ...evidence, quantities: [{ ...evidence.quantities[0], high: 0.3333333 }] } });
});
test("evidence is checked", () => {
  const twice = { ...evidenceOf(1), quantities: [...evidenceOf(1).quantities, ...evidenceOf(2).quantities] };
  expect(() => checkEvidence("t", twice)).toThrow("got x twice");
  expect(() => checkEvidence("t", { ...evidenceOf(1), quantities: [{ id: "x", label: "", value: 1, low: 2, high: 1, unit: "1" }] })).toThrow("got 2 to 1");
});
