/** Mean and spread of the values that are there: NaN entries are missing values and left out. */

/** NaN where no value is left. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    sum += values[i]!;
    count++;
  }
  return count > 0 ? sum / count : NaN;
}

/** The variance, divided by n − 1; NaN for fewer than two values. */
export function variance(values: ArrayLike<number>): number {
  const centre = mean(values);
  let square = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    square += (values[i]! - centre) ** 2;
    count++;
  }
  return count > 1 ? square / (count - 1) : NaN;
}

/** The standard deviation (n − 1); NaN for fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  return Math.sqrt(variance(values));
}
