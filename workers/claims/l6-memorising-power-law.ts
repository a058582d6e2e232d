/**
 * L6: does a learner that only memorises show no power law?
 *
 * A lookup table knows the items that it has seen and no others. Item i comes with
 * probability p_i, P(i ≥ k) = k^−a, so p_i ≈ a i^−(1+a): a Zipf law without an end.
 * After n draws the table is wrong on what it has not seen,
 *
 *   E_n = Σ p_i (1 − p_i)^n  ∝  n^−a/(1+a)
 *
 * Source: Hutter 2021, Learning curve theory, arXiv:2102.04074. That this is how skills
 * are learnt is the quantization model of Michaud et al. 2023, arXiv:2303.13506.
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { leastSquares } from "../../probes/statistics/residuals.ts";
import { valueOf, type Claim, type Line } from "./claim.ts";
import { digits } from "./apparatus/numerals.ts";
import { overSeeds, ratioLineOverSeeds } from "./apparatus/over-seeds.ts";

const exponents = [0.5, 1, 2];
/** Numbers of examples, four to a decade. */
const sizes = Array.from({ length: 11 }, (_, i) => Math.round(10 ** (2 + i / 4)));
/** How many items there are where all are equally frequent. */
const equalItems = 3000;
/** Their losses are averaged: which rare items one table meets is much a matter of luck. */
const tables = 24;

/** How often items come. */
interface Frequencies {
  draw(random: Random): number;
  /** Probability of one item. */
  mass(item: number): number;
}

export const claim: Claim = {
  id: "L6",
  system: "scaling",
  title: "Does a learner that only memorises show no power law?",
  statement: { en: "The scaling law proves that networks learn the manifold: if they merely memorised, the loss would not follow a power law.", zh: "如果是记忆，Loss曲线不会呈现这种幂律分布" },
  expectation: {
    verdict: "refutes",
    text: "A lookup table on items whose frequencies follow a Zipf law with exponent 1 + a has a loss that falls as n^(−a/(1+a)). The power law stands in the data, whoever learns them.",
    sources: [{ text: "Hutter 2021, arXiv:2102.04074" }, { text: "Michaud et al. 2023, arXiv:2303.13506" }],
  },
  data: "Draws of items with P(i ≥ k) = k^(−a), for a = 0.5, 1, 2: a few items come all the time, most almost never, as words do. As a contrast 3,000 items that all come equally often. 100 to 31,623 examples.",
  model: `A lookup table: right on an item that it has seen, wrong on every other. It has no geometry, and nothing to generalise with. The loss is the mean of ${tables} tables per seed.`,
  measurement: "Loss = probability that the next item is one not seen. Slope of log loss against log n over two and a half decades; bend = slope of the upper half less that of the lower, 0 for a power law.",
  rule: "The table follows a power law where its line bends by at most straight and its slope is within near of −a/(1+a). At all three a: refutes. At none: supports. Else mixed.",
  thresholds: {
    straight: { value: 0.1, unit: "1", meaning: "largest bend that still counts as a line" },
    near: { value: 0.03, unit: "1", meaning: "largest distance of the slope from the theory's" },
  },
  seeds: [1, 2, 3, 4, 5],
  seconds: 1,
  doesNotShow: "That language models memorise. It shows that a power law cannot tell: both a learner of smooth manifolds (slope from the dimension, claim L4) and a mere table (slope from the frequencies) give one.",
  wouldChange: "Data whose items all come equally often: the loss then falls exponentially. The sabotaged run does that.",
  sabotage: { what: "All items come equally often.", verdict: "supports" },

  async run({ seeds, sabotaged, progress }) {
    const losses = exponents.map(() => [] as number[][]);
    const equal: number[][] = [];
    for (const [s, seed] of seeds.entries()) {
      await progress(s / seeds.length, `a lookup table learns, seed ${seed}`);
      const random = new Random(seed);
      exponents.forEach((a, k) => losses[k]!.push(tableLosses(sabotaged ? equalFrequencies : zipf(a), random.fork(`a = ${a}`))));
      equal.push(tableLosses(equalFrequencies, random.fork("equal")));
    }
    await progress(1, "done");
    return {
      quantities: [
        ...exponents.map((a, k) => overSeeds({ id: `slope-${a}`, label: `slope of the table's loss, a = ${a}`, unit: "1", reference: { value: -a / (1 + a), source: "−a/(1+a), Hutter 2021" } }, losses[k]!.map((loss) => slope(loss)))),
        ...exponents.map((a, k) => overSeeds({ id: `bend-${a}`, label: `bend of the table's loss, a = ${a}`, unit: "1", reference: { value: 0, source: "a power law" } }, losses[k]!.map(bendOf))),
        overSeeds({ id: "bend-equal", label: "bend where all items come equally often", unit: "1" }, equal.map(bendOf)),
      ],
      figures: [
        {
          kind: "lines",
          title: "Loss of a lookup table",
          x: { label: "examples n", unit: "", log: true },
          y: { label: "probability of an item not seen", unit: "", log: true },
          lines: [
            ...exponents.map((a, k) => ratioLineOverSeeds(`lookup table, a = ${a}`, sizes, losses[k]!)),
            ratioLineOverSeeds("lookup table, items equally frequent", sizes, equal),
            ...exponents.map((a): Line => ({ name: `slope −${(a / (1 + a)).toFixed(2)}`, role: "theory", x: sizes, y: sizes.map((n) => expectedLoss(a, n)) })),
          ],
        },
      ],
    };
  },

  judge(evidence, { straight = NaN, near = NaN }) {
    const found = exponents.map((a) => ({ a, slope: valueOf(evidence, `slope-${a}`), bend: valueOf(evidence, `bend-${a}`) }));
    const powerLaws = found.filter(({ a, slope, bend }) => Math.abs(bend) <= straight && Math.abs(slope + a / (1 + a)) <= near).length;
    return {
      verdict: powerLaws === found.length ? "refutes" : powerLaws === 0 ? "supports" : "mixed",
      reason: `A table that only memorises has slopes ${found.map(({ slope }) => digits(slope, 3)).join(", ")} (theory ${found.map(({ a }) => digits(-a / (1 + a), 3)).join(", ")}) and bends ${found.map(({ bend }) => digits(bend, 1)).join(", ")} (a line: at most ${straight}): a power law ${powerLaws} times in ${found.length}.`,
    };
  },
};

/** P(i ≥ k) = k^−a for i = 1, 2, … */
export function zipf(a: number): Frequencies {
  return { draw: (random) => Math.floor((1 - random.uniform()) ** (-1 / a)), mass: (item) => -(item ** -a) * Math.expm1(-a * Math.log1p(1 / item)) };
}

const equalFrequencies: Frequencies = { draw: (random) => random.integer(equalItems), mass: () => 1 / equalItems };

/** The mean loss of some tables, after each number of examples. */
function tableLosses(frequencies: Frequencies, random: Random): number[] {
  const losses = Array.from({ length: tables }, () => tableLoss(frequencies, random));
  return sizes.map((_, i) => mean(losses.map((loss) => loss[i]!)));
}

/** The probability that the table has not seen the next item, after each number of examples. */
function tableLoss({ draw, mass }: Frequencies, random: Random): number[] {
  const seen = new Set<number>();
  let known = 0;
  let n = 0;
  return sizes.map((size) => {
    for (; n < size; n++) {
      const item = draw(random);
      if (seen.has(item)) continue;
      seen.add(item);
      known += mass(item);
    }
    // What rounding leaves of a complete table is no loss.
    return 1 - known > 1e-9 ? 1 - known : 0;
  });
}

/** Σ p_i (1 − p_i)^n over all items: the first ones summed, the rest to first order in n p. */
export function expectedLoss(a: number, n: number, summed = 20_000): number {
  const { mass } = zipf(a);
  let loss = 0;
  for (let i = 1; i <= summed; i++) {
    const p = mass(i);
    loss += p * Math.exp(n * Math.log1p(-p));
  }
  return loss + (summed + 1) ** -a - ((n * a * a) / (2 * a + 1)) * (summed + 1) ** (-2 * a - 1);
}

/** Slope of log loss against log n; sizes without a loss are left out. */
function slope(losses: readonly number[], from = 0, to = losses.length): number {
  const log = losses.slice(from, to).map((loss) => (loss > 0 ? Math.log(loss) : NaN));
  return leastSquares(sizes.slice(from, to).map(Math.log), log).slope;
}

/** Over the sizes that still have a loss: the slope of the upper half less that of the lower. */
function bendOf(losses: readonly number[]): number {
  const end = losses.filter((loss) => loss > 0).length;
  return slope(losses, end >> 1, end) - slope(losses, 0, (end >> 1) + 1);
}
