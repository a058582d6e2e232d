/** The gate at each of its places against PyTorch, differences, and the plain attention that an open gate leaves. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { dispose, keep, np, toTensor } from "./autodiff.ts";
import { gatedAttention, type GatedAttention, type GateOptions, initialGatedAttention } from "./gated-attention.ts";
import { normal } from "./initialise.ts";
import { attention } from "./transformer.ts";
import { checkAgainstPyTorch, checkGradients, largestDifference } from "./toy.test-support.ts";

const [B, T, D, heads] = [2, 4, 6, 2];
const draw = (seed: number, shape: readonly number[]): np.Array => normal(new Random(seed), shape, 1);
const gates: readonly GateOptions[] = (["query", "key", "value", "attention", "output"] as const).flatMap((place) => [{ place }, { place, perHead: true }]).filter(({ place, ...rest }) => place !== "output" || !("perHead" in rest));

for (const gate of gates) {
  const name = `${gate.place}, ${gate.perHead ? "per head" : "elementwise"}`;
  test(`PyTorch gives the same output, gate and gradients: ${name}`, () => {
    checkAgainstPyTorch("gated-attention", name, initialGatedAttention(new Random(1), D, heads, gate), (p, { x }) => {
      const { output, gate: values } = gatedAttention(p, x!, { heads, ...gate });
      return { output, gate: values };
    });
  });
}

for (const gate of gates.filter(({ place, perHead }) => !perHead || place === "attention")) {
  const name = `${gate.place}, ${gate.perHead ? "per head" : "elementwise"}`;
  test(`a gate that is always open is plain attention: ${name}`, () => {
    const { attention: plain, gate: weights } = initialGatedAttention(new Random(1), D, heads, gate);
    const open = { weight: weights.weight, bias: np.full(weights.bias.shape, 40) };
    const x = draw(2, [B, T, D]);
    const { output, gate: values } = gatedAttention({ attention: keep(plain), gate: open }, x.ref, { heads, ...gate });
    expect(toTensor(values).data.every((value) => value === 1)).toBe(true);
    expect(largestDifference(toTensor(output).data, toTensor(attention(plain, x, { heads }).output).data)).toBeLessThan(1e-6);
  });
}

for (const gate of gates.filter(({ place, perHead }) => !perHead || place === "attention")) {
  test(`gradients agree with differences: ${gate.place}, ${gate.perHead ? "per head" : "elementwise"}`, () => {
    const x = draw(2, [1, 4, D]);
    checkGradients(initialGatedAttention(new Random(3), D, heads, gate), (p: GatedAttention) => np.square(gatedAttention(p, x.ref, { heads, ...gate }).output).mean().mul(3), 2);
  });
}

test("a shut gate on the attention output, the values or the result lets nothing through", () => {
  for (const place of ["value", "attention", "output"] as const) {
    const p = initialGatedAttention(new Random(1), D, heads, { place });
    const shut = { attention: p.attention, gate: { weight: p.gate.weight, bias: np.full([D], -100) } };
    expect(np.abs(gatedAttention(shut, draw(2, [B, T, D]), { heads, place }).output).max().item()).toBe(0);
  }
});

test("a shut gate on the queries or the keys leaves attention even over all that is visible", () => {
  for (const place of ["query", "key"] as const) {
    const p = initialGatedAttention(new Random(1), D, heads, { place });
    const shut = { attention: p.attention, gate: { weight: p.gate.weight, bias: np.full([D], -100) } };
    const { pattern } = gatedAttention(shut, draw(2, [1, T, D]), { heads, place });
    expect(largestDifference(toTensor(pattern.slice(0, 0, -1)).data, new Float32Array(T).fill(1 / T))).toBeLessThan(1e-6);
  }
});

test("with the cache, token by token gives what all at once gives", () => {
  const gate = { place: "key" } as const;
  const p = initialGatedAttention(new Random(1), D, heads, gate);
  const x = draw(2, [B, T, D]);
  const all = gatedAttention(keep(p), x.ref, { heads, ...gate });
  const first = gatedAttention(keep(p), x.ref.slice([], [0, T - 1]), { heads, ...gate });
  const last = gatedAttention(p, x.slice([], [T - 1]), { heads, ...gate }, first.cache);
  expect(largestDifference(toTensor(last.output).data, toTensor(all.output.slice([], [T - 1])).data)).toBeLessThan(1e-6);
  dispose(last.cache);
});

test("a gate per head after the output projection is refused", () => {
  expect(() => initialGatedAttention(new Random(1), D, heads, { place: "output", perHead: true })).toThrow("gated attention: expected a gate per head before the output projection, got one after it");
});
