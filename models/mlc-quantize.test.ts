import { expect, test } from "vitest";
import { Random } from "../probes/random.ts";
import { tensor } from "../probes/tensor.ts";
import { dequantizeGroups, groupSize, quantizeGroups } from "./mlc-quantize.ts";

const random = new Random(7);
const noise = (rows: number, columns: number, spread = 1) => tensor([rows, columns], Float32Array.from({ length: rows * columns }, () => spread * random.normal()));

test("levels and words, worked out by hand", () => {
  // The largest magnitude is 7, so the scale is 1 and the level of w is round(w) + 7.
  const w = tensor([1, 32]);
  w.data.set([-7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 0.4, -0.4, 0.6, -0.6]);
  const { words, scales } = quantizeGroups(w);
  expect([...scales]).toEqual([1]);
  expect([...words].map((word) => word.toString(16))).toEqual(["76543210", "7edcba98", "77777687", "77777777"]);
});

test("a half rounds up, as the level is never negative", () => {
  const w = tensor([1, 32]);
  w.data.set([7, 0.5, -0.5, 1.5, -1.5]);
  // 14, then ⌊7.5 + ½⌋ = 8, 7, 9, 6, and three zeros.
  expect(quantizeGroups(w).words[0]!.toString(16)).toBe("7776978e");
});

test.each([[5, 64], [3, 96], [2, 40], [4, 7]])("[%i, %i]: no number is further off than half a step", (rows, columns) => {
  const w = noise(rows, columns, 0.3);
  const quantized = quantizeGroups(w);
  const groups = Math.ceil(columns / groupSize);
  expect(quantized.words.length).toBe(rows * groups * 4);
  expect(quantized.scales.length).toBe(rows * groups);
  dequantizeGroups(quantized).data.forEach((value, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    const group = w.data.slice(r * columns + c - (c % groupSize), Math.min(r * columns + c - (c % groupSize) + groupSize, (r + 1) * columns));
    const scale = Math.max(...group.map(Math.abs)) / 7;
    expect(quantized.scales[r * groups + Math.floor(c / groupSize)]! / scale).toBeCloseTo(1, 6);
    expect(Math.abs(value - w.data[i]!)).toBeLessThanOrEqual((scale / 2) * (1 + 1e-5));
  });
});

test("the largest magnitude of a group is kept, whichever its sign", () => {
  for (const sign of [-1, 1]) {
    const w = noise(1, 32);
    w.data[11] = sign * 9;
    expect(dequantizeGroups(quantizeGroups(w)).data[11]).toBeCloseTo(sign * 9, 5);
  }
});

test("what is quantized already stays as it is", () => {
  const once = dequantizeGroups(quantizeGroups(noise(6, 64)));
  dequantizeGroups(quantizeGroups(once)).data.forEach((value, i) => expect(Math.abs(value - once.data[i]!)).toBeLessThan(1e-6));
});

test("zeros are zeros, alone and at the end of a short row", () => {
  const quantized = quantizeGroups(tensor([2, 40]));
  expect([...quantized.scales]).toEqual([0, 0, 0, 0]);
  // Eight levels of seven; behind the row's end nothing is written.
  expect(quantized.words.slice(0, 8)).toEqual(Uint32Array.of(0x77777777, 0x77777777, 0x77777777, 0x77777777, 0x77777777, 0, 0, 0));
  expect(dequantizeGroups(quantized)).toEqual(tensor([2, 40]));
});
