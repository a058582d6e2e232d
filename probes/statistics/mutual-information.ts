/**
 * How much two labellings of the same cases say of each other:
 *
 *   NMI = 2 I(A; B) / (H(A) + H(B))
 *
 * 1 where each label of one stands for one of the other, 0 where they are independent
 * (or one has a single label). Four groups taken by four experts give 1; two groups that
 * share an expert, of four even ones, 0.857. Unit 1.
 *
 * Source: Strehl & Ghosh 2002, JMLR 3, with the arithmetic mean as in Vinh et al. 2010, JMLR 11.
 *
 * Where it misleads: few cases and many labels agree by chance: independent labels of a and b
 * kinds over n cases have about (a − 1)(b − 1) / 2n nats in common.
 */

/** NaN without cases. @throws RangeError where the labellings differ in length */
export function normalisedMutualInformation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`normalisedMutualInformation: expected two labellings of one length, got ${a.length} and ${b.length}`);
  const n = a.length;
  if (n === 0) return NaN;
  const [left, right, both] = [new Map<number, number>(), new Map<number, number>(), new Map<string, number>()];
  for (let i = 0; i < n; i++) {
    left.set(a[i]!, (left.get(a[i]!) ?? 0) + 1);
    right.set(b[i]!, (right.get(b[i]!) ?? 0) + 1);
    const pair = `${a[i]} ${b[i]}`;
    both.set(pair, (both.get(pair) ?? 0) + 1);
  }
  const entropy = (counts: ReadonlyMap<unknown, number>): number => {
    let sum = 0;
    for (const count of counts.values()) sum -= (count / n) * Math.log(count / n);
    return sum;
  };
  const [ha, hb, hab] = [entropy(left), entropy(right), entropy(both)];
  return ha + hb > 0 ? Math.max(0, Math.min(1, (2 * (ha + hb - hab)) / (ha + hb))) : 0;
}
