/**
 * Two ways of running, side by side over many problems: how far the second bends each
 * layer's path away from the first's, how alike their representations are, how often
 * each is right, and every measure of both. Problems are the cases; the steps of one
 * run are never counted as such.
 *
 * Runs of different length are measured over their last states, as many as the shorter
 * one has: what grows with every step would otherwise only count them.
 *
 * Of two runs on one problem only numbers and the state that the answer is read from
 * are kept. Beside each bend stands that between runs of the first on neighbouring
 * problems: what "another question" does to the same states.
 */
import { alignment, debiasedKernel } from "../geometry/cka.ts";
import { among, centredGram, distancesOf, finitePoints, type Distances } from "../geometry/distances.ts";
import { procrustesByChance, procrustesOfGrams } from "../geometry/procrustes.ts";
import { hasTrajectory } from "../geometry/trajectory.ts";
import { missingNeeds, probes } from "../index.ts";
import { firstStep } from "../joint.ts";
import { keptLayers } from "../kept-layers.ts";
import { layerStates } from "../geometry/layer-states.ts";
import { Random } from "../random.ts";
import { type RunMeasure, runMeasure } from "../run-measure.ts";
import { bootstrapInterval } from "../statistics/bootstrap.ts";
import { pairedEffectSize } from "../statistics/effect-size.ts";
import { mean } from "../statistics/moments.ts";
import { wilson } from "../statistics/wilson.ts";
import { row, tensor, type Tensor } from "../tensor.ts";
import type { Trace } from "../trace.ts";
import { apart, bend } from "./bend.ts";

/** A mean over problems with its 95 % bootstrap interval; NaN without problems. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

export interface LayerComparison {
  /** Of the first model; the second's is the one as far up. */
  readonly layer: number;
  readonly otherLayer: number;
  /** Means over the steps of a run; NaN where the two cannot be laid over one another. */
  readonly distance: Estimate;
  readonly cosine: Estimate;
  /** The same between the first's runs on neighbouring problems. */
  readonly otherProblem: { readonly distance: Estimate; readonly cosine: Estimate };
  /** Of the states that the answers are read from, one per problem: debiased CKA, and the squared Procrustes distance with both clouds at unit norm. */
  readonly cka: number;
  readonly procrustes: number;
  /** The Procrustes distance with the second's problems paired with other ones of the first's: what a rotation fits by chance. */
  readonly procrustesByChance: number;
  readonly n: number;
}

export interface MeasureComparison {
  readonly probe: string;
  /** Means over the problems on which both have a number, so that they differ by `difference`; over its own where there is none. */
  readonly a: number;
  readonly b: number;
  /** b − a, problem by problem. */
  readonly difference: Estimate;
  /** d_z; NaN where the differences do not vary. */
  readonly effect: number;
}

export interface Rate {
  readonly correct: number;
  readonly answered: number;
  readonly low: number;
  readonly high: number;
}

export interface ComparisonView {
  readonly problems: number;
  readonly a: Rate;
  readonly b: Rate;
  /** Problems on which both gave the same answer. */
  readonly agree: Rate;
  readonly layers: readonly LayerComparison[];
  readonly measures: readonly MeasureComparison[];
  /** Why paths cannot be laid over one another; null where they can. */
  readonly apart: string | null;
  /** Problems on which one run is longer: there the last states of it alone are measured, as many as the other has. */
  readonly matched: number;
}

interface Side {
  readonly correct: boolean | null;
  readonly answer: string;
  /** By probe; null where the run lacks what one needs. */
  readonly wholes: readonly (Pick<RunMeasure, "whole" | "layers"> | null)[];
  /** The model's last layer. */
  readonly top: number;
  /** The layers that were kept: the rows of `last`. */
  readonly layers: readonly number[];
  /** The last state, [layers, D]. */
  readonly last: Tensor;
}

/** Means over the steps, per layer that was kept. */
interface Bent {
  readonly layers: readonly number[];
  readonly distance: Float64Array;
  readonly cosine: Float64Array;
}

interface Case {
  readonly a: Side;
  readonly b: Side;
  readonly bent: Bent | null;
  readonly otherProblem: Bent | null;
}

const resamples = 400;
/** CKA and Procrustes over so many problems at most: their cost grows with the square and the cube. */
const mostPoints = 200;

export class Comparison {
  private readonly cases: Case[] = [];
  private before: Trace | null = null;
  private why: string | null = null;
  /** Problems on which the two runs have not the same number of states. */
  private differ = 0;

  /** Takes in the two runs on one problem. */
  add(a: Trace, b: Trace): void {
    this.why = apart(a, b);
    const { before } = this;
    const [fromA, fromB] = matchedStarts(a, b);
    if (a.steps.length - firstStep(a, "thinking") !== b.steps.length - firstStep(b, "thinking")) this.differ++;
    this.cases.push({ a: sideOf(a, fromA), b: sideOf(b, fromB), bent: this.why === null ? bentOf(a, b) : null, otherProblem: before && apart(before, a) === null ? bentOf(before, a) : null });
    this.before = a;
  }

  /** @param layer  of the first model, at which measures are compared */
  view(layer: number): ComparisonView {
    const { cases } = this;
    const [a, b] = [cases.map((one) => one.a), cases.map((one) => one.b)].map((sides) => sides.find(({ last }) => last.data.length > 0) ?? sides[0]);
    const other = (l: number): number => (a && b && a.top > 0 ? Math.round((l * b.top) / a.top) : 0);
    return {
      problems: cases.length,
      a: rateOf(cases.map((one) => one.a.correct)),
      b: rateOf(cases.map((one) => one.b.correct)),
      agree: rateOf(cases.map((one) => one.a.answer === one.b.answer)),
      layers: a && b && b.last.data.length > 0 ? a.layers.map((l) => this.layer(l, other(l))) : [],
      measures: probes.map(({ id }, i) => this.measure(id, i, layer, other(layer))),
      apart: this.why,
      matched: this.differ,
    };
  }

  private layer(layer: number, otherLayer: number): LayerComparison {
    const { cases } = this;
    const over = (of: (one: Case) => Bent | null, what: keyof Bent): Estimate => estimate(cases.map((one) => {
      const bent = of(one);
      return bent?.[what][bent.layers.indexOf(layer)] ?? NaN;
    }));
    const [x, y] = matchedClouds(cases.slice(0, mostPoints), layer, otherLayer);
    const [k, l] = [centredGram(x), centredGram(y)];
    return {
      layer,
      otherLayer,
      distance: over(({ bent }) => bent, "distance"),
      cosine: over(({ bent }) => bent, "cosine"),
      otherProblem: { distance: over(({ otherProblem }) => otherProblem, "distance"), cosine: over(({ otherProblem }) => otherProblem, "cosine") },
      cka: alignment(debiasedKernel(x), debiasedKernel(y)),
      procrustes: x.n > 1 ? procrustesOfGrams(k, l, x.n) : NaN,
      procrustesByChance: x.n > 1 ? procrustesByChance(k, l, x.n) : NaN,
      n: x.n,
    };
  }

  private measure(probe: string, index: number, layer: number, otherLayer: number): MeasureComparison {
    const values = (side: "a" | "b", at: number): Float64Array =>
      Float64Array.from(this.cases, (one) => {
        const found = one[side].wholes[index];
        return found?.whole[found.layers ? found.layers.indexOf(at) : 0] ?? NaN;
      });
    const [a, b] = [values("a", layer), values("b", otherLayer)];
    const differences = b.map((y, i) => y - a[i]!);
    const difference = estimate(differences);
    const own = (side: Float64Array): number => mean(difference.n > 0 ? side.filter((_, i) => !Number.isNaN(differences[i])) : side);
    return { probe, a: own(a), b: own(b), difference, effect: pairedEffectSize(differences) };
  }
}

/** From which step on each is measured: from the end of the prompt, the longer one over as many last states as the other has. */
function matchedStarts(a: Trace, b: Trace): readonly [number, number] {
  const states = Math.min(a.steps.length - firstStep(a, "thinking"), b.steps.length - firstStep(b, "thinking"));
  return [a.steps.length - states, b.steps.length - states];
}

function sideOf(trace: Trace, from: number): Side {
  const captured = hasTrajectory(trace);
  const states = captured ? layerStates(trace, from) : undefined;
  const { residPost } = trace.activations;
  return {
    correct: trace.answer.correct,
    answer: trace.answer.text,
    wholes: probes.map((probe) => {
      if (missingNeeds(probe, trace).length > 0) return null;
      const { whole, layers } = runMeasure(probe, trace, from, states);
      return { whole, layers };
    }),
    top: trace.model.layers,
    layers: captured ? keptLayers(trace.activations) : [],
    last: captured ? tensor(residPost.shape.slice(1), row(residPost, trace.steps.length - 1).slice()) : tensor([0, 0]),
  };
}

function bentOf(a: Trace, b: Trace): Bent {
  const { layers: kept, distance, cosine } = bend(a, b);
  const [steps = 0, layers = 0] = distance.shape;
  const means = ({ data }: Tensor): Float64Array => Float64Array.from({ length: layers }, (_, l) => mean(Float64Array.from({ length: steps }, (__, i) => data[i * layers + l]!)));
  return { layers: kept, distance: means(distance), cosine: means(cosine) };
}

/** The states of both at their layers, by the problems that have one in both. */
function matchedClouds(cases: readonly Case[], layer: number, otherLayer: number): readonly [Distances, Distances] {
  const x = distancesOf(cloud(cases.map(({ a }) => a), layer));
  const y = distancesOf(cloud(cases.map(({ b }) => b), otherLayer));
  const finite = new Set(finitePoints(y));
  const both = finitePoints(x).filter((i) => finite.has(i));
  return [among(x, both), among(y, both)];
}

/** One layer of the last states, [n, D]; NaN where a run has none. */
function cloud(sides: readonly Side[], layer: number): Tensor {
  const D = sides.find(({ last }) => last.data.length > 0)?.last.shape[1] ?? 0;
  const out = tensor([sides.length, D]);
  sides.forEach(({ last, layers }, i) => {
    const at = layers.indexOf(layer);
    if (at >= 0 && last.shape[1] === D) out.data.set(row(last, at), i * D);
    else out.data.fill(NaN, i * D, (i + 1) * D);
  });
  return out;
}

function rateOf(list: readonly (boolean | null)[]): Rate {
  const judged = list.filter((one) => one !== null);
  const correct = judged.filter(Boolean).length;
  const [low, high] = wilson(correct, judged.length);
  return { correct, answered: judged.length, low, high };
}

function estimate(values: ArrayLike<number>): Estimate {
  const [low, high] = bootstrapInterval(values, new Random(1), mean, resamples);
  let n = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) n++;
  return { mean: mean(values), low, high, n };
}
