import { expect, test } from "vitest";
import { gauss } from "../geometry/clouds.test-support.ts";
import { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { localLipschitz, type StateMap } from "./local-lipschitz.ts";

/** x ↦ Mx for M [out, in], and u ↦ Mᵀu. */
const linear = ({ shape: [rows = 0, columns = 0], data }: Tensor): StateMap => (x) => Float64Array.from({ length: rows }, (_, i) => { let s = 0; for (let j = 0; j < columns; j++) s += data[i * columns + j]! * x[j]!; return s; });
const transposed = ({ shape: [rows = 0, columns = 0], data }: Tensor): Tensor => tensor([columns, rows], Float32Array.from({ length: rows * columns }, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)]!));
/** Columns scaled to c_d and turned: with M = Q diag(c) the largest singular value is max c. */
function diagonal(sizes: number[]): Tensor {
  const n = sizes.length;
  return tensor([n, n], Float32Array.from({ length: n * n }, (_, at) => (at % n === Math.floor(at / n) ? sizes[at % n]! : 0)));
}
/** The independent truth: long power iteration on MᵀM. */
async function sigma(m: Tensor): Promise<number> {
  let v = Float64Array.from({ length: m.shape[1]! }, (_, i) => 1 + i * 0.01);
  for (let i = 0; i < 3000; i++) {
    v = Float64Array.from(await linear(transposed(m))(Float64Array.from(await linear(m)(v))));
    const size = Math.hypot(...v);
    v = v.map((x) => x / size);
  }
  return Math.hypot(...(await linear(m)(v)));
}
const random = (): Random => new Random(1);
const x = (D: number): Float32Array => gauss(1, D, 77).data;

test.each([1, 2, 3])("a linear layer gives its largest singular value with as many products as dimensions, seed %i", async (seed) => {
  const m = gauss(12, 12, seed);
  const result = await localLipschitz(linear(m), x(12), random(), { products: 12 });
  expect(result).toMatchObject({ exact: true, products: 12 });
  expect(result.value / (await sigma(m))).toBeCloseTo(1, 6);
  const image = await linear(m)(result.direction);
  expect(Math.hypot(...image)).toBeCloseTo(result.value, 6);
});
test("with the transposed product a few suffice, for a layer that changes the dimension too", async () => {
  const m = gauss(30, 200, 4);
  const result = await localLipschitz(linear(m), x(200), random(), { products: 30, transposed: linear(transposed(m)) });
  expect(result.exact).toBe(false);
  expect(Math.abs(result.value / (await sigma(m)) - 1)).toBeLessThan(1e-3);
});
test("a symmetric layer needs few products without it", async () => {
  const result = await localLipschitz(linear(diagonal(Array.from({ length: 100 }, (_, i) => (i === 40 ? -5 : i / 50)))), x(100), random(), { products: 12 });
  expect(Math.abs(result.value / 5 - 1)).toBeLessThan(1e-3);
});
test("fewer products give a lower bound that rises", async () => {
  const m = gauss(60, 40, 5);
  let before = 0;
  for (const products of [1, 5, 20, 40]) {
    const { value } = await localLipschitz(linear(m), x(40), random(), { products });
    expect(value).toBeGreaterThanOrEqual(before - 1e-9);
    before = value;
  }
  expect(before).toBeCloseTo(await sigma(m), 5);
});
test("a curved map is measured where it stands: x² in each coordinate has 2 max |x|", async () => {
  const { value, direction } = await localLipschitz((z) => z.map((v) => v * v), [1, -3, 2], random());
  expect(value).toBeCloseTo(6, 9);
  expect(Math.abs(direction[1]!)).toBeCloseTo(1, 6);
});
test("scaling the map scales it, adding a constant does not", async () => {
  const m = gauss(6, 6, 9);
  const plain = await localLipschitz(linear(m), x(6), random());
  const other = await localLipschitz(async (z) => Float64Array.from(await linear(m)(z), (v) => 3 * v + 7), x(6), random());
  expect(other.value / plain.value).toBeCloseTo(3, 6);
});
test("a constant map is 0; at the origin; no dimension and NaN give NaN", async () => {
  expect((await localLipschitz(() => new Float32Array([1, 2]), [3, 4], random())).value).toBe(0);
  expect((await localLipschitz((z) => z, [0, 0], random())).value).toBeCloseTo(1, 9);
  expect((await localLipschitz((z) => z, [], random())).value).toBeNaN();
  expect((await localLipschitz((z) => z.fill(NaN), [1, 2], random())).value).toBeNaN();
});
