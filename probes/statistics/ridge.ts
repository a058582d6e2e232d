/**
 * Linear regression with a Gaussian prior, and the linear probe made of it.
 *
 *   W = argmin ‖X W − Y‖² + penalty ‖W‖² = (XᵀX + penalty I)⁻¹ Xᵀ Y
 *
 * It is the mean of the posterior of W when Y = X W + noise of variance σ² and W has
 * independent standard normal entries, with penalty = σ². A penalty of 0 gives least squares.
 *
 * Source: Hoerl & Kennard 1970, Technometrics 12.
 *
 * Where it misleads: with as many columns as rows anything is fitted; test a probe
 * on rows that it was not fitted to.
 */

/** Rows of numbers, [n][D]. */
export type Rows = readonly ArrayLike<number>[];

/**
 * @param x        [n][D]
 * @param y        [n][C]
 * @param penalty  above 0, or 0 where the columns of x are independent
 * @returns        [D][C]
 * @throws RangeError where x and y differ in length, or XᵀX + penalty I is not positive definite
 */
export function ridge(x: Rows, y: Rows, penalty: number): Float64Array[] {
  if (x.length !== y.length) throw new RangeError(`ridge: expected as many rows in y as in x, got ${y.length} and ${x.length}`);
  const [D, C] = [x[0]?.length ?? 0, y[0]?.length ?? 0];
  const gram = Array.from({ length: D }, () => new Float64Array(D));
  const right = Array.from({ length: D }, () => new Float64Array(C));
  x.forEach((row, n) => {
    const values = y[n]!;
    for (let i = 0; i < D; i++) {
      const [a, sums, products] = [row[i]!, gram[i]!, right[i]!];
      for (let j = 0; j <= i; j++) sums[j]! += a * row[j]!;
      for (let c = 0; c < C; c++) products[c]! += a * values[c]!;
    }
  });
  for (let i = 0; i < D; i++) gram[i]![i]! += penalty;
  return solved(gram, right);
}

/** The least share of a diagonal entry that may be left of it by elimination. */
const tolerance = 1e-12;

/** A⁻¹ B by Cholesky's factors; of A, symmetric, the lower half is read. Writes over both. */
function solved(a: Float64Array[], b: Float64Array[]): Float64Array[] {
  const C = b[0]?.length ?? 0;
  for (let i = 0; i < a.length; i++) {
    const row = a[i]!;
    const before = row[i]!;
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k < j; k++) row[j]! -= row[k]! * a[j]![k]!;
      if (j < i) row[j]! /= a[j]![j]!;
    }
    if (!(row[i]! > tolerance * before)) throw new RangeError(`ridge: expected independent columns, got column ${i} that depends on those before; raise the penalty`);
    row[i] = Math.sqrt(row[i]!);
    for (let c = 0; c < C; c++) {
      for (let k = 0; k < i; k++) b[i]![c]! -= row[k]! * b[k]![c]!;
      b[i]![c]! /= row[i]!;
    }
  }
  for (let i = a.length - 1; i >= 0; i--) {
    for (let c = 0; c < C; c++) {
      for (let k = i + 1; k < a.length; k++) b[i]![c]! -= a[k]![i]! * b[k]![c]!;
      b[i]![c]! /= a[i]![i]!;
    }
  }
  return b;
}

/**
 * How often a linear map, fitted to some rows, names the class of others: one
 * output for each class, fitted to 1 for the right one and 0 for the rest, the
 * largest wins. A constant column is added. In [0, 1]; chance is that of the classes.
 *
 * @param fit, test  rows of x and their classes, 0 … classes − 1
 * @throws RangeError where there is nothing to fit or to test
 */
export function linearProbeAccuracy(fit: { readonly x: Rows; readonly classes: readonly number[] }, test: { readonly x: Rows; readonly classes: readonly number[] }, classes: number, penalty: number): number {
  if (fit.x.length === 0 || test.x.length === 0) throw new RangeError(`linearProbeAccuracy: expected rows to fit and to test, got ${fit.x.length} and ${test.x.length}`);
  const withOne = (x: Rows): number[][] => x.map((row) => [...Array.from(row), 1]);
  const weights = ridge(withOne(fit.x), fit.classes.map((c) => Float64Array.from({ length: classes }, (_, k) => (k === c ? 1 : 0))), penalty);
  let right = 0;
  withOne(test.x).forEach((row, n) => {
    const scores = Array.from({ length: classes }, (_, c) => row.reduce((sum, value, i) => sum + value * weights[i]![c]!, 0));
    if (scores.indexOf(Math.max(...scores)) === test.classes[n]) right++;
  });
  return right / test.x.length;
}
