/** What the tests of all toys share: gradients against differences, and numbers from PyTorch. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { Random } from "../../probes/random.ts";
import type { Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, grad, integers, jit, keep, np, type OwnedFunction, type Parameters, toTensor, type Tree } from "./autodiff.ts";
import { type PackedWeights, unpackWeights, type Weights, weightsOf, withWeights } from "./weights.ts";

/**
 * The gradient of a loss against fourth-order differences, at some entries of
 * every parameter. float32 leaves about 1e-3 of the largest slope uncertain.
 * Consumes the parameters.
 *
 * @param loss  a scalar of order 1, smooth within 0.02 around the parameters
 */
export function checkGradients<P extends Parameters>(parameters: P, loss: (parameters: P) => np.Array, entries = 3): void {
  const value = jit(loss as (p: Tree) => np.Array) as OwnedFunction<(p: Tree) => np.Array>;
  const slopes = jit(grad(loss as (p: Tree) => np.Array) as (p: Tree) => Tree) as OwnedFunction<(p: Tree) => Tree>;
  const gradient = weightsOf(slopes(keep(parameters)) as Parameters);
  const weights = weightsOf(parameters);
  const largest = Math.max(...Object.values(gradient).flatMap(({ data }) => Array.from(data, Math.abs)));
  const random = new Random(1);
  const epsilon = 1e-2;
  for (const [name, { data }] of Object.entries(weights)) {
    // All entries at rest would hide a parameter that the loss does not see.
    expect(Math.max(...gradient[name]!.data.map(Math.abs)), `${name} has a gradient`).toBeGreaterThan(1e-6);
    for (let e = 0; e < Math.min(entries, data.length); e++) {
      const i = data.length <= entries ? e : random.integer(data.length);
      const at = data[i]!;
      const moved = (by: number): number => {
        data[i] = at + by * epsilon;
        const result = value(withWeights(keep(parameters), weights)).item();
        data[i] = at;
        return result;
      };
      const slope = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * epsilon);
      expect(Math.abs(slope - gradient[name]!.data[i]!), `${name}[${i}]: difference ${slope}, gradient ${gradient[name]!.data[i]}`).toBeLessThan(1e-3 * Math.max(1, largest));
    }
  }
  dispose(parameters);
  value.dispose();
  slopes.dispose();
}

export function expectNear(got: np.Array | Tensor, expected: Tensor, tolerance: number): void {
  const { shape, data } = "aval" in got ? toTensor(got) : got;
  expect(shape).toEqual(expected.shape);
  expect(largestDifference(data, expected.data)).toBeLessThanOrEqual(tolerance);
}

/** Infinity where one is no number. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a, (x, i) => Math.abs(x - b[i]!)).reduce((most, d) => (d <= most ? most : Number.isNaN(d) ? Infinity : d), 0);
}

interface Case {
  readonly parameters: PackedWeights;
  readonly inputs: PackedWeights;
  readonly outputs: PackedWeights;
  /** Of the mean square of `output`, by parameter. */
  readonly gradients: PackedWeights;
}

/**
 * A case that tools/toys/fixtures.py recorded from PyTorch: the forward pass must
 * give its outputs, and the gradient of mean(output²) its gradients.
 *
 * @param like      parameters of the form that the case has; consumed
 * @param forward   outputs by the names that the fixture has, `output` among them
 */
export function checkAgainstPyTorch<P extends Parameters>(toy: string, name: string, like: P, forward: (parameters: P, inputs: Record<string, np.Array>) => Record<string, np.Array>): void {
  const cases = JSON.parse(readFileSync(new URL(`./fixtures/${toy}.json`, import.meta.url), "utf8")) as Record<string, Case>;
  const found = cases[name];
  if (!found) throw new Error(`fixtures/${toy}.json: expected a case ${name}, got ${Object.keys(cases).join(", ")}; run tools/toys/fixtures.py`);
  const parameters = withWeights(like, unpackWeights(found.parameters));
  const inputs = (): Record<string, np.Array> => Object.fromEntries(Object.entries(unpackWeights(found.inputs)).map(([input, t]) => [input, input === "tokens" ? integers(t.data, t.shape) : fromTensor(t)]));
  const outputs: Weights = unpackWeights(found.outputs);
  const run = jit(forward as (p: Tree, x: Tree) => Tree) as OwnedFunction<(p: Tree, x: Tree) => Record<string, np.Array>>;
  const got = run(keep(parameters), inputs());
  for (const [output, expected] of Object.entries(outputs)) {
    expect(Object.keys(got)).toContain(output);
    expectNear(got[output]!, expected, 2e-5);
  }
  const meanSquare = (p: Tree, x: Tree): np.Array => np.square(forward(p as P, x as Record<string, np.Array>)["output"]!).mean();
  const slopes = jit(grad(meanSquare) as (p: Tree, x: Tree) => Tree) as OwnedFunction<(p: Tree, x: Tree) => Tree>;
  const gradients = weightsOf(slopes(parameters, inputs()) as Parameters);
  expect(Object.keys(gradients).sort()).toEqual(Object.keys(found.gradients).sort());
  for (const [path, expected] of Object.entries(unpackWeights(found.gradients))) expectNear(gradients[path]!, expected, 2e-5);
  run.dispose();
  slopes.dispose();
}
