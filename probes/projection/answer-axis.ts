/**
 * The answer axis: the direction that tells one answer from the other, and
 * beside it the leading principal component of what is left.
 *
 * Either a direction that is given, for example the difference of two rows of
 * the head (the logit difference, as the model itself reads it), or one learnt
 * from two groups of states, with means μ₀, μ₁ and common covariance S:
 *
 *   w ∝ ((1 − γ) S + γ tr(S)/D)⁻¹ (μ₁ − μ₀)
 *
 * γ = 1, the default: the difference of means. γ < 1: linear discriminant with
 * shrinkage, which turns away from directions in which both groups vary.
 *
 * Source: Fisher 1936; Friedman 1989 (shrinkage); Marks & Tegmark 2023,
 * arXiv:2310.06824 (difference of means); Elhage et al. 2021 (head rows).
 *
 * Where it misleads: with more dimensions than states any two groups come apart
 * on the axis that was learnt from them. Read `heldOut`: ½ says that it tells
 * new states nothing. States of one run lie near each other: say which belong
 * together (`runs`), or each is told by its neighbours and none is new.
 */
import { Random } from "../random.ts";
import { auroc } from "../statistics/auroc.ts";
import { row, type Tensor } from "../tensor.ts";
import { finiteRows } from "./finite-rows.ts";
import { dot, linearPicture, norm, unit, type LinearPicture } from "./plane.ts";

export type AnswerGroup = 0 | 1 | null;

export interface AnswerAxisOptions {
  /** [D] */
  readonly direction?: ArrayLike<number>;
  /** [n] the group of each point; null belongs to none. */
  readonly groups?: readonly AnswerGroup[];
  /** [n] which run each point belongs to: whole runs are then left out together. Without it points count as independent. */
  readonly runs?: readonly number[];
  /** γ in (0, 1]; default 1. */
  readonly shrinkage?: number;
  readonly k?: number;
  /** Of the folds of `heldOut`. */
  readonly seed?: number;
}

export interface AnswerAxis extends LinearPicture {
  /** Chance that a state of group 1 lies further along than one of group 0, on the states it was learnt from; NaN without groups. */
  readonly separation: number;
  /**
   * The same on states that were left out: of 5 folds, or of one run after another, where
   * it has both groups. NaN where nothing can be left out, and for a given direction.
   */
  readonly heldOut: number;
  /** Folds, or runs, over which `heldOut` is the mean. */
  readonly folds: number;
}

/**
 * @param points  [n, D]
 * @throws RangeError where there is neither direction nor groups, one group is empty, or the direction has no length
 */
export function answerAxis(points: Tensor, { direction, groups, runs, shrinkage = 1, k = 2, seed = 1 }: AnswerAxisOptions): AnswerAxis {
  const [n = 0, D = 0] = points.shape;
  if (!(shrinkage > 0 && shrinkage <= 1)) throw new RangeError(`answerAxis: expected a shrinkage in (0, 1], got ${shrinkage}`);
  if (groups && groups.length !== n) throw new RangeError(`answerAxis: expected a group for each of ${n} points, got ${groups.length}`);
  if (runs && runs.length !== n) throw new RangeError(`answerAxis: expected a run for each of ${n} points, got ${runs.length}`);
  if (direction && direction.length !== D) throw new RangeError(`answerAxis: expected a direction of ${D} dimensions, got ${direction.length}`);
  if (!direction && !groups) throw new RangeError("answerAxis: expected a direction or groups, got neither");
  const rows = finiteRows(points);
  const members = [0, 1].map((group) => rows.filter((r) => groups?.[r] === group)) as [number[], number[]];
  const given = direction ? Float64Array.from(direction) : null;
  const w = given ?? learnt(points, members, shrinkage);
  if (!(norm(w) > 0 && norm(w) < Infinity)) throw new RangeError("answerAxis: expected two groups with different means (or a direction of some length), got none between them");
  const axis = unit(w);
  const mean = meanOf(points, rows);
  const along = (r: number): number => dot(row(points, r), axis);
  return {
    ...linearPicture(points, mean, axis, null, k),
    separation: groups ? auroc(members[1].map(along), members[0].map(along)) : NaN,
    ...(given ? { heldOut: NaN, folds: 0 } : heldOut(points, members, shrinkage, runs ? runFolds(members, runs) : randomFolds(members, seed))),
  };
}

function learnt(points: Tensor, [zeros, ones]: readonly [number[], number[]], shrinkage: number): Float64Array<ArrayBuffer> {
  if (zeros.length === 0 || ones.length === 0) throw new RangeError(`answerAxis: expected states of both groups, got ${zeros.length} and ${ones.length}`);
  const means = [meanOf(points, zeros), meanOf(points, ones)] as const;
  const difference = means[1].map((x, d) => x - means[0][d]!);
  if (shrinkage === 1) return difference;
  const D = difference.length;
  const within = [zeros, ones].flatMap((group, g) => group.map((r) => Float64Array.from(row(points, r), (x, d) => x - means[g]![d]!)));
  const m = within.length;
  const ridge = (shrinkage * within.reduce((sum, x) => sum + dot(x, x), 0)) / m / D;
  if (!(ridge > 0)) return difference;
  // Conjugate gradients on the regularised system; S is never formed.
  const times = (v: Float64Array): Float64Array => {
    const out = v.map((x) => ridge * x);
    for (const x of within) {
      const share = ((1 - shrinkage) * dot(x, v)) / m;
      for (let d = 0; d < D; d++) out[d] = out[d]! + share * x[d]!;
    }
    return out;
  };
  const w = new Float64Array(D);
  let residual: Float64Array = difference.slice();
  let search: Float64Array = residual.slice();
  let square = dot(residual, residual);
  const enough = 1e-20 * square;
  for (let step = 0; step < 500 && square > enough; step++) {
    const image = times(search);
    const length = square / dot(search, image);
    for (let d = 0; d < D; d++) w[d] = w[d]! + length * search[d]!;
    residual = residual.map((x, d) => x - length * image[d]!);
    const next = dot(residual, residual);
    search = search.map((x, d) => residual[d]! + (next / square) * x);
    square = next;
  }
  return w;
}

type Members = readonly [readonly number[], readonly number[]];

/** AUROC over the folds, each measured on the axis of what is not in it; of folds with both groups on either side. */
function heldOut(points: Tensor, members: Members, shrinkage: number, folds: readonly ReadonlySet<number>[]): { heldOut: number; folds: number } {
  let sum = 0;
  let count = 0;
  for (const fold of folds) {
    const keep = members.map((group) => group.filter((r) => !fold.has(r))) as [number[], number[]];
    const left = members.map((group) => group.filter((r) => fold.has(r))) as [number[], number[]];
    if ([...keep, ...left].some((group) => group.length === 0)) continue;
    const w = learnt(points, keep, shrinkage);
    const along = (r: number): number => dot(row(points, r), w);
    sum += auroc(left[1].map(along), left[0].map(along));
    count++;
  }
  return { heldOut: count > 0 ? sum / count : NaN, folds: count };
}

/** Five at most, each with its share of both groups. */
function randomFolds(members: Members, seed: number): Set<number>[] {
  const count = Math.min(5, members[0].length, members[1].length);
  const random = new Random(seed);
  const mixed = members.map((group) => random.shuffle(group));
  return Array.from({ length: count }, (_, fold) => new Set(mixed.flatMap((group) => group.filter((__, i) => i % count === fold))));
}

function runFolds([zeros, ones]: Members, runs: readonly number[]): Set<number>[] {
  const rows = [...zeros, ...ones];
  return [...new Set(rows.map((r) => runs[r]!))].map((run) => new Set(rows.filter((r) => runs[r] === run)));
}

function meanOf(points: Tensor, rows: readonly number[]): Float64Array<ArrayBuffer> {
  const mean = new Float64Array(points.shape[1] ?? 0);
  for (const r of rows) for (let d = 0; d < mean.length; d++) mean[d] = mean[d]! + points.data[r * mean.length + d]! / rows.length;
  return mean;
}
