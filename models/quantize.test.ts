import { expect, test } from "vitest";
import { Random } from "../probes/random.ts";
import { matrix, tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { dequantize, quantize } from "./quantize.ts";

const squaredError = (a: Tensor, b: Tensor): number => a.data.reduce((sum, x, i) => sum + (x - b.data[i]!) ** 2, 0);
const random = (rows: number, columns: number, seed = 1): Tensor => {
  const draw = new Random(seed);
  return tensor([rows, columns], Float32Array.from({ length: rows * columns }, () => draw.normal()));
};

test("sixteen levels of one scale come back exactly", () => {
  const levels = matrix([Array.from({ length: 32 }, (_, i) => ((i % 16) - 8) / 4)]);
  expect(dequantize(quantize(levels))).toEqual(levels);
});
test("and turned around", () => {
  const levels = matrix([Array.from({ length: 32 }, (_, i) => (8 - (i % 16)) / 4)]);
  // Without the sign of zero.
  expect(dequantize(quantize(levels)).data.map((x) => x + 0)).toEqual(levels.data);
});
test("zeros stay zeros", () => expect(dequantize(quantize(tensor([2, 40])))).toEqual(tensor([2, 40])));
test("the lower half of a byte comes first, and blocks are filled up with level 8", () => {
  const { levels, scales, blocks } = quantize(matrix([[-8, 7, 1]]));
  expect([blocks, ...scales]).toEqual([1, 1]);
  expect([...levels]).toEqual([0xf0, 0x89, ...Array.from({ length: 14 }, () => 0x88)]);
});
test("rows of no whole number of blocks keep their numbers apart", () => {
  const m = matrix([Array.from({ length: 33 }, (_, i) => (i === 32 ? 100 : (i % 16) - 8)), Array.from({ length: 33 }, () => 0)]);
  expect(dequantize(quantize(m))).toEqual(m);
});
test("a number too small for a scale is zero", () => expect(dequantize(quantize(matrix([[1e-40, -1e-35]]))).data).toEqual(new Float32Array(2)));

test("no number is off by more than a step, and the error is at most that of the largest number on the last level", () => {
  const m = random(64, 96);
  const { scales, blocks } = quantize(m);
  const found = dequantize(quantize(m));
  let before = 0;
  for (let block = 0; block < 64 * blocks; block++) {
    const numbers = [...m.data.subarray(block * 32, block * 32 + 32)];
    const extreme = numbers.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
    const scale = Math.fround(extreme / -8);
    before += numbers.reduce((sum, x) => sum + (x - scale * Math.max(-8, Math.min(7, Math.round(x / scale)))) ** 2, 0);
    numbers.forEach((x, i) => expect(Math.abs(x - found.data[block * 32 + i]!)).toBeLessThanOrEqual(Math.abs(scales[block]!) * 1.001));
  }
  const now = squaredError(m, found);
  expect(now).toBeLessThan(before);
  // Normal numbers in blocks of 32 at 4 bits: about 1 % of their energy is lost.
  expect(now / squaredError(m, tensor(m.shape))).toBeLessThan(0.01);
});
