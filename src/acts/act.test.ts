import { expect, test } from "vitest";
import { type Act, type ActList, actInWords, decodeActs, encodeActs, withAct } from "./act.ts";

const all: readonly Act[] = [
  { kind: "replace", thought: 1, by: "argmax" },
  { kind: "replace", thought: 2, by: "mean" },
  { kind: "replace", thought: 2, by: "soft", kept: 3 },
  { kind: "replace", thought: 3, by: "noise", sigma: 0.25 },
  { kind: "replace", thought: 1, by: "source", source: { kind: "problem", seed: 12 } },
  { kind: "replace", thought: 1, by: "source", source: { kind: "zero" } },
  { kind: "steer", thought: 1, source: { kind: "random" }, scale: -0.5 },
  { kind: "skip", thought: 4 },
  { kind: "repeat", thought: 1, times: 2 },
  { kind: "reorder", order: [2, 1, 3] },
  { kind: "truncate", after: 0 },
  { kind: "corrupt", token: 2, by: null },
  { kind: "corrupt", token: 2, by: 17 },
  { kind: "patch", step: -3, layer: 2, source: { kind: "mode", mode: "cot" } },
  { kind: "push", step: 1, layer: 0, source: { kind: "problem", seed: 2147483647 }, scale: 1.5 },
];

test("every act comes back from its text, also through an address", () => {
  for (const act of all) {
    const list: ActList = { mode: "latent", acts: [act] };
    expect(decodeActs(encodeActs(list))).toEqual(list);
    expect(decodeActs(new URLSearchParams(String(new URLSearchParams({ acts: encodeActs(list) }))).get("acts")!)).toEqual(list);
  }
  const list: ActList = { mode: "cot", acts: all };
  expect(decodeActs(encodeActs(list))).toEqual(list);
});

test("no acts are no text, and no text is no acts", () => {
  expect(encodeActs({ mode: "latent", acts: [] })).toBe("");
  expect(decodeActs("")).toBeNull();
});

test.each([
  "latent", "thinking skip.1", "latent explode.1", "latent skip", "latent skip.x", "latent skip.1.2", "latent replace.1", "latent replace.1.argmax.2", "latent replace.1.soft.0", "latent replace.1.noise.-1",
  "latent replace.1.noise.1e9", "latent replace.1.nobody", "latent repeat.1.0", "latent reorder.1.x", "latent corrupt.1.-2", "latent patch.1.2", "latent patch.1.x.zero", "latent push.1.2.zero", "latent push.1.2.zero.NaN",
  "latent skip.1 nonsense", "latent replace.1.p99999999999",
])("%s is no list of acts", (text) => expect(decodeActs(text)).toBeNull());

test("each says in words what it does", () => {
  const said = all.map((act) => actInWords(act, (token) => `t${token}`));
  expect(new Set(said).size).toBe(all.length);
  expect(said[3]).toBe("thought 3 gets noise of 0.25 × its norm");
  expect(said[12]).toBe("token 2 of the chain becomes “t17”");
  expect(said[13]).toBe("the state at step −3, layer 2, becomes the state of the chain of thought run there");
});

test("a later act takes the place of one that it excludes; others stay; another mode begins anew", () => {
  const [argmax, mean] = all as [Act, Act];
  const list = [argmax, mean].reduce<ActList | null>((before, act) => withAct(before, "latent", act), null)!;
  expect(list.acts).toEqual([argmax, mean]);
  const zero: Act = { kind: "replace", thought: 1, by: "source", source: { kind: "zero" } };
  expect(withAct(list, "latent", zero).acts).toEqual([mean, zero]);
  const push: Act = { kind: "push", step: 1, layer: 0, source: { kind: "zero" }, scale: 1 };
  expect(withAct(withAct(list, "latent", push), "latent", push).acts).toEqual([argmax, mean, push, push]);
  expect(withAct(list, "cot", push)).toEqual({ mode: "cot", acts: [push] });
});
