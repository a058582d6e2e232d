/**
 * M4: do all distances become alike in high dimensions?
 *
 * Points with D independent coordinates, and points on one curved surface of two
 * dimensions that bends through all D of them:
 *
 *   x_k = √2 cos(ω_k · u + φ_k),   u uniform in the unit square, ω_k ~ N(0, bend² I), φ_k uniform
 *
 * (random Fourier features, Rahimi & Recht 2007). For many coordinates the distance
 * on the surface tends to √(2D (1 − exp(−bend² ‖u − u'‖² / 2))): it depends on
 * where the points lie on the surface, and on nothing else.
 */
import { Random } from "../../probes/random.ts";
import { mean, standardDeviation } from "../../probes/statistics/moments.ts";
import { valueOf, type Claim } from "./claim.ts";
import { percent } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds, ratioLineOverSeeds } from "./apparatus/over-seeds.ts";

const dimensions = [2, 3, 5, 10, 20, 50, 100, 300, 1000];
const points = 160;
const bend = 2;
/** Of d / mean d, for the distribution at the largest D. */
const bins = Array.from({ length: 33 }, (_, i) => i * 0.0625);

export const claim: Claim = {
  id: "M4",
  system: "mlp",
  title: "Do all distances become alike in high dimensions?",
  statement: { en: "In a high-dimensional space the Euclidean distance fails: the distances of all pairs of points become alike.", zh: "在高维空间中失效，所有点对之间的距离趋于一致" },
  expectation: {
    verdict: "mixed",
    text: "For independent coordinates the spread of distances, relative to their mean, falls as 1/√(2D). For points on a surface of two dimensions it does not fall, however many coordinates the surface bends through; and data on a manifold are what the essay is about.",
    sources: [{ text: "Beyer et al. 1999, When is nearest neighbor meaningful?", recalled: true }, { text: "exact for Gaussian coordinates: the distance is √2 times a chi variable with D degrees of freedom" }],
  },
  data: `${points} points per seed, in D = 2 … 1000 dimensions: with independent standard normal coordinates, and on a surface with two dimensions that bends through all D (random Fourier features of a uniform square).`,
  model: "None: the claim is about distances.",
  measurement: "Coefficient of variation of all pair distances (standard deviation / mean), against D. What is left of it from D = 10 to D = 1000 is the ratio of the two.",
  rule: "The distances of a data set become alike where their relative spread at D = 1000 is at most ratio times that at D = 10. Both data sets: supports. Neither: refutes. One of them: mixed.",
  thresholds: { ratio: { value: 0.3, unit: "1", meaning: "what may be left at D = 1000 of the relative spread at D = 10; 1/√(2D) leaves 0.10" } },
  seeds: [1, 2, 3, 4, 5],
  seconds: 1,
  doesNotShow: "That real data lie on a manifold, or that distances between their raw coordinates mean much. The surface here is a random one.",
  wouldChange: "A surface that fills more dimensions as D grows, or noise of its own in every coordinate: the sabotaged run adds it, and the distances on the surface become alike too.",
  sabotage: { what: "Every point is pushed off the surface by independent noise, five times as large as the surface in each coordinate.", verdict: "supports" },

  async run({ seeds, sabotaged, progress }) {
    const spread = { independent: [] as number[][], surface: [] as number[][], limit: [] as number[] };
    const density = { independent: [] as number[][], surface: [] as number[][] };
    for (const [s, seed] of seeds.entries()) {
      await progress(s / seeds.length, `distances of ${points} points, seed ${seed}`);
      const random = new Random(seed);
      const place = Array.from({ length: points }, () => [random.uniform(), random.uniform()] as const);
      const independent = dimensions.map((D) => pairDistances(gaussianPoints(D, random.fork(`independent ${D}`))));
      const surface = dimensions.map((D) => pairDistances(surfacePoints(D, place, random.fork(`surface ${D}`), sabotaged ? 5 : 0)));
      spread.independent.push(independent.map(relativeSpread));
      spread.surface.push(surface.map(relativeSpread));
      spread.limit.push(relativeSpread(limitDistances(place)));
      density.independent.push(relativeDensity(independent.at(-1)!));
      density.surface.push(relativeDensity(surface.at(-1)!));
    }
    await progress(1, "done");
    const at = (lines: readonly number[][], D: number): number[] => lines.map((line) => line[dimensions.indexOf(D)]!);
    const left = (lines: readonly number[][]): number[] => at(lines, 1000).map((value, s) => value / at(lines, 10)[s]!);
    const exact = dimensions.map(gaussianSpread);
    return {
      quantities: [
        overSeeds({ id: "independent-left", label: "relative spread left from D = 10 to 1000, independent coordinates", unit: "1", reference: { value: gaussianSpread(1000) / gaussianSpread(10), source: "chi distribution, exact" } }, left(spread.independent)),
        overSeeds({ id: "surface-left", label: "relative spread left from D = 10 to 1000, surface", unit: "1", reference: { value: 1, source: "kernel limit: the spread does not depend on D" } }, left(spread.surface)),
        ...[2, 10, 100, 1000].map((D) => overSeeds({ id: `independent-${D}`, label: `relative spread of distances, independent coordinates, D = ${D}`, unit: "1", reference: { value: gaussianSpread(D), source: "chi distribution, exact" } }, at(spread.independent, D))),
        overSeeds({ id: "surface-1000", label: "relative spread of distances, surface, D = 1000", unit: "1", reference: { value: mean(spread.limit), source: "kernel limit for the same points" } }, at(spread.surface, 1000)),
      ],
      figures: [
        {
          kind: "lines",
          title: "Spread of distances by dimension",
          x: { label: "coordinates D", unit: "", log: true },
          y: { label: "standard deviation / mean of pair distances", unit: "", log: true },
          lines: [
            ratioLineOverSeeds("independent coordinates", dimensions, spread.independent),
            ratioLineOverSeeds("a surface bent through all D", dimensions, spread.surface),
            { name: "chi distribution, about 1/√(2D)", role: "theory", x: dimensions, y: exact },
            { name: "surface, limit of many coordinates", role: "theory", x: dimensions, y: dimensions.map(() => mean(spread.limit)) },
          ],
        },
        {
          kind: "lines",
          title: "Distances at D = 1000",
          x: { label: "distance / mean distance", unit: "" },
          y: { label: "density", unit: "" },
          lines: [lineOverSeeds("independent coordinates", bins.slice(0, -1).map((low) => low + 0.03125), density.independent), lineOverSeeds("a surface bent through all D", bins.slice(0, -1).map((low) => low + 0.03125), density.surface)],
        },
      ],
    };
  },

  judge(evidence, { ratio = NaN }) {
    const [independent, surface] = [valueOf(evidence, "independent-left"), valueOf(evidence, "surface-left")];
    const alike = [independent, surface].filter((left) => left <= ratio).length;
    return {
      verdict: alike === 2 ? "supports" : alike === 0 ? "refutes" : "mixed",
      reason: `From D = 10 to D = 1000 independent coordinates keep ${percent(independent)} of the relative spread of their distances, the surface ${percent(surface)} (alike: at most ${percent(ratio)}).`,
    };
  },
};

/** Standard deviation / mean of the distance of two Gaussian points in D dimensions, exact. */
export function gaussianSpread(D: number): number {
  // Γ((D+1)/2) / Γ(D/2), by Γ((D+2)/2) / Γ(D/2) = D/2.
  let ratio = 1 / Math.sqrt(Math.PI);
  for (let k = 1; k < D; k++) ratio = k / 2 / ratio;
  return Math.sqrt(D / (2 * ratio ** 2) - 1);
}

function gaussianPoints(D: number, random: Random): Float64Array[] {
  return Array.from({ length: points }, () => Float64Array.from({ length: D }, () => random.normal()));
}

/** @param noise  standard deviation of what is added to each coordinate, those of the surface being about 1 */
function surfacePoints(D: number, place: readonly (readonly [number, number])[], random: Random, noise: number): Float64Array[] {
  const waves = Array.from({ length: D }, () => [bend * random.normal(), bend * random.normal(), 2 * Math.PI * random.uniform()] as const);
  return place.map(([u, v]) => Float64Array.from(waves, ([a, b, phase]) => Math.SQRT2 * Math.cos(a * u + b * v + phase) + (noise > 0 ? noise * random.normal() : 0)));
}

/** What the distances on the surface tend to, divided by √D. */
function limitDistances(place: readonly (readonly [number, number])[]): Float64Array {
  return forPairs(place.length, (i, j) => {
    const square = (place[i]![0] - place[j]![0]) ** 2 + (place[i]![1] - place[j]![1]) ** 2;
    return Math.sqrt(-2 * Math.expm1((-(bend ** 2) * square) / 2));
  });
}

function pairDistances(rows: readonly Float64Array[]): Float64Array {
  return forPairs(rows.length, (i, j) => {
    const [a, b] = [rows[i]!, rows[j]!];
    let square = 0;
    for (let k = 0; k < a.length; k++) square += (a[k]! - b[k]!) ** 2;
    return Math.sqrt(square);
  });
}

function forPairs(n: number, distance: (i: number, j: number) => number): Float64Array {
  const out = new Float64Array((n * (n - 1)) / 2);
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < i; j++) out[at++] = distance(i, j);
  return out;
}

function relativeSpread(distances: Float64Array): number {
  return standardDeviation(distances) / mean(distances);
}

/** Density of d / mean d over the bins. */
function relativeDensity(distances: Float64Array): number[] {
  const centre = mean(distances);
  const counts = Array<number>(bins.length - 1).fill(0);
  const width = bins[1]! - bins[0]!;
  for (const distance of distances) {
    const bin = Math.floor(distance / centre / width);
    if (bin < counts.length) counts[bin]!++;
  }
  return counts.map((count) => count / distances.length / width);
}
