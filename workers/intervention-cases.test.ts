/** Each kind of intervention changes the reference's run, so that an engine which ignored it would be found out. */
import { beforeAll, expect, test } from "vitest";
import { type InterventionCase, interventionCases, runsApart } from "./intervention-cases.test-support.ts";
import { nanoDecoder } from "./reference/nano.test-support.ts";

let cases: readonly InterventionCase[];
beforeAll(async () => {
  cases = await interventionCases(nanoDecoder());
});

test("each of them alters the run", () => {
  for (const { name, want, plain } of cases) {
    const apart = runsApart(want, { ...plain, branch: want.branch ?? null });
    expect(typeof apart === "string" || apart > 0.01, `${name}: ${apart}`).toBe(true);
    expect(want.branch, name).not.toBeNull();
  }
});

test("every kind and every replacement is among them", () => {
  const all = cases.flatMap(({ request }) => request.interventions ?? []);
  expect([...new Set(all.map(({ kind }) => kind))].sort()).toEqual(["corrupt", "reorder", "repeat", "replace", "residual", "skip", "steer", "truncate"]);
  expect([...new Set(all.flatMap((item) => (item.kind === "replace" ? [item.replacement.by] : [])))].sort()).toEqual(["argmax", "mean", "noise", "soft", "vector", "zero"]);
  expect([...new Set(cases.map(({ request }) => request.mode))].sort()).toEqual(["cot", "direct", "icl", "latent"]);
});
