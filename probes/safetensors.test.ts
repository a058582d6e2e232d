import { expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { matrix, tensor } from "./tensor.ts";

/** A file from its parts, damaged or not. */
function file(header: unknown, data: readonly number[], headerLength?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}
const entry = (dtype: string, shape: number[], ...offsets: number[]) => ({ dtype, shape, data_offsets: offsets });
const decode = (header: unknown, data: readonly number[], headerLength?: number) => decodeSafetensors(file(header, data, headerLength));
const values = (dtype: string, data: readonly number[], n: number) =>
  [...(decode({ x: entry(dtype, [n], 0, data.length) }, data).tensors.get("x")?.data ?? [])];
const zeros = (n: number) => Array.from({ length: n }, () => 0);

test("what is written is read back, with names, order, shapes and record", () => {
  const tensors = new Map([
    ["b", matrix([[1, 2, 3], [4, 5, 6]])],
    ["a", tensor([], new Float32Array([-0.5]))],
    ["none", tensor([0, 4])],
  ]);
  const read = decodeSafetensors(encodeSafetensors(tensors, { seed: "7", "名": "🦙" }));
  expect([...read.tensors.keys()].sort()).toEqual(["a", "b", "none"]);
  for (const [name, t] of tensors) expect(read.tensors.get(name)).toEqual(t);
  expect(read.metadata).toEqual({ seed: "7", "名": "🦙" });
});

// Bits from IEEE 754's binary16: half-way cases go to the even neighbour.
test.each<[number, number]>([
  [0, 0], [-0, 0x8000], [1, 0x3c00], [-2, 0xc000], [65504, 0x7bff], [65519, 0x7bff], [1 / 3, 0x3555], [2 ** -14, 0x0400], [2 ** -24, 1], [2 ** -25, 0], [3 * 2 ** -25, 2], [2 ** -26, 0],
  [1 + 2 ** -11, 0x3c00], [1 + 3 * 2 ** -11, 0x3c02], [1 + 2 ** -11 + 2 ** -20, 0x3c01], [2 ** -14 - 2 ** -25, 0x0400], [Infinity, 0x7c00], [-Infinity, 0xfc00], [NaN, 0x7e00],
])("%d is written in float16 as its nearest", (number, bits) => {
  const bytes = encodeSafetensors(new Map([["x", tensor([1], new Float32Array([number]))]]), {}, "F16");
  expect(bytes[bytes.length - 1]! * 256 + bytes[bytes.length - 2]!).toBe(bits);
});

test("every float16 is read and written back", () => {
  const all = Float32Array.from({ length: 65536 }, (_, bits) => values("F16", [bits & 255, bits >> 8], 1)[0]!).filter((x) => !Number.isNaN(x));
  expect(decodeSafetensors(encodeSafetensors(new Map([["x", tensor([all.length], all)]]), {}, "F16")).tensors.get("x")!.data).toEqual(all);
});

test("what float16 does not hold is refused", () => {
  const write = () => encodeSafetensors(new Map([["x", tensor([1], new Float32Array([65520]))]]), {}, "F16");
  expect(write).toThrow(new RangeError("safetensors: expected numbers that float16 holds, up to 65504, got 65520; write them as F32"));
});

test("the data begin at a multiple of 8, behind spaces", () => {
  for (const name of ["x", "xy", "xyz", "a name of some length"]) {
    const bytes = encodeSafetensors(new Map([[name, tensor([1], new Float32Array([1]))]]));
    expect((bytes.length - 4) % 8).toBe(0);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true))).toBe(bytes.length - 12);
  }
});

test("a file may begin anywhere in a buffer", () => {
  const bytes = encodeSafetensors(new Map([["x", tensor([2], new Float32Array([1, 2]))]]));
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeSafetensors(shifted.subarray(3)).tensors.get("x")?.data).toEqual(new Float32Array([1, 2]));
});

test("what Node reads from a file is no exception", () => {
  const bytes = Buffer.from(encodeSafetensors(new Map([["x", tensor([2], new Float32Array([1, 2]))]])));
  expect(decodeSafetensors(bytes).tensors.get("x")?.data).toEqual(new Float32Array([1, 2]));
});

test("bfloat16 is the upper half of a float32", () => expect(values("BF16", [0x80, 0x3f, 0x20, 0xc0, 0x80, 0x7f], 3)).toEqual([1, -2.5, Infinity]));
// 0x3c00 = 1, 0xc100 = −2.5, 0x0001 = 2⁻²⁴ (subnormal), 0x7bff = 65504, 0x7e00 = NaN.
test("float16, with subnormals and NaN", () =>
  expect(values("F16", [0, 0x3c, 0, 0xc1, 1, 0, 0xff, 0x7b, 0, 0x7e], 5)).toEqual([1, -2.5, 2 ** -24, 65504, NaN]));
test("small integers are widened", () => {
  expect(values("U8", [0, 255], 2)).toEqual([0, 255]);
  expect(values("I32", [254, 255, 255, 255], 1)).toEqual([-2]);
  expect(values("I64", [5, 0, 0, 0, 0, 0, 0, 0], 1)).toEqual([5]);
});
test("an integer that float32 would round is refused", () => expect(() => values("I32", [1, 0, 0, 1], 1)).toThrow(/2\^24, got 16777217; store/));

const damaged: [string, () => unknown, RegExp][] = [
  ["shorter than its length", () => decodeSafetensors(new Uint8Array(5)), /expected 8 bytes of header length, got 5 bytes/],
  ["cut inside the header", () => decode({}, [], 40), /expected a header of 40 bytes, got 2 bytes; download/],
  ["an enormous header", () => decode({}, [], 2 ** 40), /at most 100000000 bytes, got one of 1099511627776/],
  ["a header that is no JSON", () => decode("{oops", []), /expected a header in JSON/],
  ["a header that is no object", () => decode([1], []), /expected a JSON object/],
  ["a tensor without description", () => decode({ x: 3 }, []), /description of x, got 3/],
  ["an unknown type", () => decode({ x: entry("F64", [1], 0, 8) }, zeros(8)), /x of type F32, .* got "F64"; convert/],
  ["a type named like an object's own method", () => decode({ x: entry("toString", [1], 0, 8) }, zeros(8)), /x of type F32/],
  ["a negative size", () => decode({ x: entry("F32", [-1], 0, 4) }, zeros(4)), /a shape of x, got \[-1\]/],
  ["one offset", () => decode({ x: entry("F32", [1], 4) }, zeros(4)), /two data_offsets of x/],
  ["the wrong number of bytes", () => decode({ x: entry("F32", [2], 0, 4) }, zeros(4)), /8 bytes for x, F32 \[2\], got 4/],
  ["overlapping tensors", () => decode({ x: entry("F32", [1], 0, 4), y: entry("F32", [1], 2, 6) }, zeros(6)), /y to begin at byte 4, got 2; its offsets overlap/],
  ["a gap", () => decode({ x: entry("F32", [1], 0, 4), y: entry("F32", [1], 8, 12) }, zeros(12)), /y to begin at byte 4, got 8; its offsets leave a gap/],
  ["data cut short", () => decode({ x: entry("F32", [2], 0, 8) }, zeros(4)), /x to end at byte 8, got 4 bytes of data; download/],
  ["bytes left over", () => decode({ x: entry("F32", [1], 0, 4) }, zeros(9)), /expected 4 bytes of data, got 9/],
  ["metadata that is no text", () => decode({ __metadata__: { seed: 1 } }, []), /__metadata__ of strings/],
];
for (const [what, read, error] of damaged) test(`refuses ${what}`, () => expect(read).toThrow(error));

test("refuses to write a tensor under the name of the metadata", () =>
  expect(() => encodeSafetensors(new Map([["__metadata__", tensor([1])]]))).toThrow(/choose another/));
