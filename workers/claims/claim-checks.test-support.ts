/**
 * What every claim has to keep, as functions that list what is wrong; and a way
 * to run a claim in a test. Each claim's own test calls `claimFaults` on the
 * evidence that it made, so that training is done once and as small as it may be.
 */
import type { Decoder } from "../engine.ts";
import { thresholdsOf, type Claim, type ClaimContext, type EmbeddedChoice, type Evidence } from "./claim.ts";
import { checkEvidence } from "./evidence.ts";

export interface RunOptions {
  readonly seeds?: readonly number[];
  readonly size?: "live" | "full";
  readonly sabotaged?: boolean;
  readonly model?: (choice: EmbeddedChoice) => Decoder;
}

/** Runs a claim and checks that it tells its progress, from nothing to all of it. */
export async function runClaim(claim: Claim, options: RunOptions = {}): Promise<Evidence> {
  return claim.run(testContext(claim.id, { seeds: claim.seeds, ...options }));
}

/** What a claim has while it runs in a test. */
export function testContext(id: string, { seeds = [1, 2, 3], size = "live", sabotaged = false, model }: RunOptions = {}): ClaimContext {
  let before = 0;
  return {
    seeds,
    size,
    sabotaged,
    progress(done, what) {
      if (!(done >= before && done <= 1) || what === "") throw new RangeError(`${id}: expected progress in [${before}, 1] with a text, got ${done} ${JSON.stringify(what)}`);
      before = done;
      return Promise.resolve();
    },
    embeddedModel: (choice = {}) => (model ? Promise.resolve(model(choice)) : Promise.reject(new Error(`${id}: expected no use of the embedded model in this test`))),
  };
}

/** All that is wrong with a claim, given what an honest and a sabotaged run of it measured. Empty where nothing is. */
export function claimFaults(claim: Claim, honest: Evidence, sabotaged: Evidence): string[] {
  const own = thresholdsOf(claim);
  const [before, after] = [claim.judge(honest, own), claim.judge(sabotaged, own)];
  const faults = [...recordFaults(claim), ...evidenceFaults(claim, honest), ...evidenceFaults(claim, sabotaged)];
  if (before.reason.trim() === "" || after.reason.trim() === "") faults.push(`${claim.id}: expected a reason, got none`);
  if (after.verdict === before.verdict) faults.push(`${claim.id}: expected the sabotage to change the verdict, got ${after.verdict} both times`);
  if (after.verdict !== claim.sabotage.verdict) faults.push(`${claim.id}: expected ${claim.sabotage.verdict} after the sabotage, as the claim says, got ${after.verdict}`);
  for (const name of idleThresholds(claim, [honest, sabotaged])) faults.push(`${claim.id}: expected the threshold ${name} to matter, got the same verdict whatever it is`);
  return faults;
}

/** What is wrong with a claim's texts, seeds and thresholds. */
export function recordFaults(claim: Claim): string[] {
  const faults: string[] = [];
  const expect = (right: boolean, expected: string, got: unknown): void => {
    if (!right) faults.push(`${claim.id}: expected ${expected}, got ${JSON.stringify(got)}`);
  };
  const { title, data, model, measurement, rule, doesNotShow, wouldChange, statement, expectation, sabotage, seeds, thresholds, seconds } = claim;
  for (const [name, text] of Object.entries({ title, data, model, measurement, rule, doesNotShow, wouldChange, "statement.en": statement.en, "expectation.text": expectation.text, "sabotage.what": sabotage.what })) {
    expect(text.trim() !== "" && text === text.trim(), `a text for ${name}`, text);
  }
  expect(/^[A-Z]+\d+[a-z]?$/.test(claim.id), "a row's id", claim.id);
  expect(title.endsWith("?"), "a question for a title", title);
  expect(/\p{Script=Han}/u.test(statement.zh) && !statement.zh.includes("$"), "the essay's phrase, without markup", statement.zh);
  expect(expectation.sources.length > 0 && expectation.sources.every(({ text }) => text.trim() !== ""), "sources", expectation.sources);
  expect(seeds.length >= 3 && new Set(seeds).size === seeds.length && seeds.every((seed) => Number.isInteger(seed)), "at least three different seeds", seeds);
  expect(seconds > 0 && seconds < 900, "a running time in s", seconds);
  expect(Object.keys(thresholds).length > 0, "thresholds", thresholds);
  for (const [name, { value, unit, meaning }] of Object.entries(thresholds)) {
    expect(Number.isFinite(value) && unit !== "" && meaning.trim() !== "", `a value, unit and meaning for ${name}`, thresholds[name]);
    expect(rule.includes(name), `the rule to name ${name}`, rule);
  }
  return faults;
}

/** What is wrong with the shape of what a run measured. */
export function evidenceFaults({ id }: Pick<Claim, "id">, evidence: Evidence): string[] {
  const faults = plainDataFaults(evidence, `${id}: evidence`);
  const expect = (right: boolean, expected: string, got: unknown): void => {
    if (!right) faults.push(`${id}: expected ${expected}, got ${JSON.stringify(got)}`);
  };
  try {
    checkEvidence(id, evidence);
  } catch (error) {
    faults.push(String(error));
  }
  for (const quantity of evidence.quantities) {
    expect(quantity.label.trim() !== "" && quantity.unit.trim() !== "", "a label and a unit", quantity);
    const { low = quantity.value, high = quantity.value } = quantity;
    expect(!(low > quantity.value || high < quantity.value), "low ≤ value ≤ high", quantity);
  }
  for (const figure of evidence.figures) {
    expect(figure.title.trim() !== "", "a title for each figure", figure.kind);
    expect(!(("lines" in figure && figure.lines.length === 0) || ("bars" in figure && figure.bars.length === 0) || ("groups" in figure && figure.groups.length === 0)), "something to draw", figure);
  }
  return faults;
}

/** Where data are not numbers (finite or NaN), texts, flags, plain lists and plain objects. */
function plainDataFaults(value: unknown, where: string): string[] {
  if (typeof value === "number") return value === Infinity || value === -Infinity ? [`${where}: expected a finite number or NaN, got ${value}`] : [];
  if (typeof value === "string" || typeof value === "boolean") return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => plainDataFaults(item, `${where}[${i}]`));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) return Object.entries(value).flatMap(([key, item]) => plainDataFaults(item, `${where}.${key}`));
  return [`${where}: expected plain data, got ${Object.prototype.toString.call(value)}`];
}

/**
 * What differs between repetitions with one seed, given the evidence of a run whose
 * seeds are all equal: there every interval has to be as narrow as its value.
 */
export function repeatFaults({ quantities, figures }: Evidence): string[] {
  const wide = (where: string, low: number, value: number, high: number): string[] => (high - low <= 1e-12 * Math.abs(value) || Number.isNaN(value) ? [] : [`${where}: expected the same for the same seed, got ${low} to ${high}`]);
  return [
    ...quantities.flatMap(({ id, value, low = value, high = value }) => wide(id, low, value, high)),
    ...figures.flatMap((figure) => (figure.kind === "lines" ? figure.lines.flatMap(({ name, y, low = y, high = y }) => y.flatMap((value, i) => wide(name, low[i]!, value, high[i]!))) : [])),
  ];
}

/**
 * Thresholds that never decide: whatever the others are (their own value, −∞ or +∞),
 * moving this one changes no verdict on any of the evidence.
 */
export function idleThresholds(claim: Pick<Claim, "judge" | "thresholds">, evidences: readonly Evidence[]): string[] {
  const names = Object.keys(claim.thresholds);
  const own = thresholdsOf(claim);
  const choices = names.reduce<Record<string, number>[]>((all, name) => all.flatMap((some) => [own[name]!, -Infinity, Infinity].map((value) => ({ ...some, [name]: value }))), [{}]);
  const verdicts = evidences.map((evidence) => new Map(choices.map((choice) => [keyOf(choice), claim.judge(evidence, choice).verdict])));
  return names.filter((name) => !choices.some((choice) => verdicts.some((verdict) => verdict.get(keyOf(choice)) !== verdict.get(keyOf({ ...choice, [name]: own[name]! })))));

  function keyOf(choice: Readonly<Record<string, number>>): string {
    return names.map((name) => choice[name]).join(" ");
  }
}
