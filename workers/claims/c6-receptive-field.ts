/**
 * C6: does the receptive field grow linearly with depth?
 *
 * Two fields have to be told apart: what one output can see at all, from the first
 * place to the last, and what it does see, by how its gradient ∂y/∂x is spread.
 * With random weights the mean square of the gradient is handed back by each layer
 * of 3 taps evenly to three places, step apart, so that it is spread like a sum of
 * independent steps −s, 0, s:
 *
 *   width² = Σ_l (2/3) s_l²      s_l = dilation · product of the strides before layer l
 *
 * which is √(2L/3) for L plain layers, and √((2/9)(4^L − 1)) where s doubles.
 *
 * Source: Luo et al. 2016, arXiv:1701.04128 (effective receptive field); van den
 * Oord et al. 2016, arXiv:1609.03499 (doubling dilation).
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { leastSquares } from "../../probes/statistics/residuals.ts";
import { tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, keep, type np, toTensor, vjp } from "../toys/autodiff.ts";
import { cnn, initialCnn, receptiveFields, type Convolution } from "../toys/cnn.ts";
import { normal } from "../toys/initialise.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { overSeeds, ratioLineOverSeeds } from "./apparatus/over-seeds.ts";

const channels = 8;
const inputs = 8;

interface Stack {
  readonly name: string;
  readonly depths: readonly number[];
  readonly layer: (l: number) => Convolution;
}

const plain: Stack = { name: "plain", depths: [1, 2, 4, 8, 16, 32], layer: () => ({ padding: "none" }) };
const dilated: Stack = { name: "dilation doubling", depths: [1, 2, 3, 4, 5, 6], layer: (l) => ({ padding: "none", dilation: 2 ** l }) };
const strided: Stack = { name: "stride 2", depths: [1, 2, 3, 4, 5, 6], layer: () => ({ padding: "none", stride: 2 }) };

/** How a gradient is spread over the input. */
interface Spread {
  /** Places from the first that the output depends on to the last. */
  readonly reach: number;
  /** Standard deviation of the place, weighted by the squared gradient. */
  readonly width: number;
  /** Squared gradient by place, summing to 1; the middle of the field in the middle. */
  readonly profile: readonly number[];
}

export const claim: Claim = {
  id: "C6",
  system: "cnn",
  title: "Does the receptive field grow linearly with depth?",
  statement: { en: "The receptive field of convolution kernels grows linearly with depth.", zh: "其卷积核的感受野增长是线性的" },
  expectation: {
    verdict: "mixed",
    text: "What an output of plain layers can see grows linearly, by two places a layer of three taps. What it does see grows as the square root of depth only, so that the essay's point is stronger than it says; with dilation or strides both grow exponentially.",
    sources: [{ text: "Luo et al. 2016, arXiv:1701.04128" }, { text: "van den Oord et al. 2016, arXiv:1609.03499", recalled: true }],
  },
  data: `${inputs} random inputs of ${channels} channels along one axis, per seed and depth.`,
  model: `The lab's convolutional network with ${channels} channels, three taps, ReLU, random weights: 1 to 32 plain layers; 1 to 6 layers with doubling dilation, and with stride 2.`,
  measurement: "Gradient of one output with respect to the input. Reach: places from the first that it depends on to the last. Width: standard deviation of the place, weighted by the squared gradient. Growth exponents: slope of log(reach − 1) and of log width against log depth.",
  rule: "Reach and width of plain layers grow linearly where their exponents lie within near of 1. Both: supports. Neither: refutes. One of them: mixed.",
  thresholds: { near: { value: 0.15, unit: "1", meaning: "distance of a growth exponent from 1 up to which growth counts as linear" } },
  seeds: [1, 2, 3],
  seconds: 1,
  doesNotShow: "Trained networks: training widens the field (Luo et al. 2016). Nor that a wide field is used well.",
  wouldChange: "Layers that see further the deeper they are: the sabotaged run doubles the dilation from layer to layer, and neither growth is linear.",
  sabotage: { what: "In every layer the taps stand twice as far apart as in the one before.", verdict: "refutes" },

  run: (context) => measure(context),

  judge(evidence, { near = NaN }) {
    const [reach, width] = [valueOf(evidence, "reach"), valueOf(evidence, "width")];
    const linear = [reach, width].filter((exponent) => Math.abs(exponent - 1) <= near).length;
    return {
      verdict: linear === 2 ? "supports" : linear === 0 ? "refutes" : "mixed",
      reason: `What an output can see grows as depth to the power of ${decimals(reach)}, what it does see as depth to the power of ${decimals(width)} (linear: 1 within ${near}).`,
    };
  },
};

/** @param deepest  leaves deeper stacks out */
export async function measure({ seeds, sabotaged, progress }: ClaimContext, deepest = Infinity): Promise<Evidence> {
  const shallow = (stack: Stack): Stack => ({ ...stack, depths: stack.depths.filter((depth) => depth <= deepest) });
  const [first, second, third] = [shallow(sabotaged ? { ...dilated, name: plain.name } : plain), shallow(dilated), shallow(strided)];
  const stacks = [first, second, third];
  const reach = stacks.map(() => [] as number[][]);
  const width = stacks.map(() => [] as number[][]);
  const profiles: number[][] = [];
  for (const [s, seed] of seeds.entries()) {
    const random = new Random(seed);
    for (const [k, stack] of stacks.entries()) {
      const found: Spread[] = [];
      for (const depth of stack.depths) {
        await progress((s + (k + depth / (stack.depths.at(-1)! + 1)) / stacks.length) / seeds.length, `gradients of ${depth} ${stack.name} layers, seed ${seed}`);
        found.push(gradientSpread(stack, depth, random.fork(`${k} ${depth}`)));
      }
      reach[k]!.push(found.map((spread) => spread.reach));
      width[k]!.push(found.map((spread) => spread.width));
      if (k === 0) profiles.push([...found.at(-1)!.profile]);
    }
  }
  await progress(1, "done");
  const exponent = (depths: readonly number[], values: readonly number[]): number => leastSquares(depths.map(Math.log), values.map(Math.log)).slope;
  const offsets = profiles[0]!.map((_, i) => i - (profiles[0]!.length - 1) / 2);
  const expected = expectedWidth(first, first.depths.at(-1)!);
  return {
    quantities: [
      overSeeds({ id: "reach", label: "growth exponent of the reach, plain layers", unit: "1", reference: { value: 1, source: "reach = 2L + 1" } }, reach[0]!.map((line) => exponent(first.depths, line.map((value) => value - 1)))),
      overSeeds({ id: "width", label: "growth exponent of the width, plain layers", unit: "1", reference: { value: 0.5, source: "width = √(2L/3), Luo et al. 2016" } }, width[0]!.map((line) => exponent(first.depths, line))),
      ...stacks.flatMap((stack, k) => {
        const depth = stack.depths.at(-1)!;
        return [
          overSeeds({ id: `reach-${k}`, label: `reach of ${depth} layers, ${stack.name}`, unit: "places", reference: { value: receptiveFields(Array<number>(depth).fill(3), Array.from({ length: depth }, (_, l) => stack.layer(l))).at(-1)!, source: "Araujo et al. 2019" } }, reach[k]!.map((line) => line.at(-1)!)),
          overSeeds({ id: `width-${k}`, label: `width of ${depth} layers, ${stack.name}`, unit: "places", reference: { value: expectedWidth(stack, depth), source: "√(Σ ⅔ s²)" } }, width[k]!.map((line) => line.at(-1)!)),
        ];
      }),
    ],
    figures: [
      {
        kind: "lines",
        title: "What an output can see, and what it does see",
        x: { label: "layers", unit: "", log: true },
        y: { label: "places", unit: "", log: true },
        lines: [
          ratioLineOverSeeds("reach, plain", first.depths, reach[0]!),
          ratioLineOverSeeds("width, plain", first.depths, width[0]!),
          ratioLineOverSeeds("width, dilation doubling", second.depths, width[1]!),
          ratioLineOverSeeds("width, stride 2", third.depths, width[2]!),
          { name: "2L + 1", role: "theory", x: plain.depths, y: plain.depths.map((L) => 2 * L + 1) },
          { name: "√(2L/3)", role: "theory", x: plain.depths, y: plain.depths.map((L) => Math.sqrt((2 * L) / 3)) },
          { name: "√((2/9)(4ᴸ − 1))", role: "theory", x: dilated.depths, y: dilated.depths.map((L) => expectedWidth(dilated, L)) },
        ],
      },
      {
        kind: "lines",
        title: `Where the gradient of ${first.depths.at(-1)} layers lies`,
        x: { label: "place, from the middle of the field", unit: "" },
        y: { label: "share of the squared gradient", unit: "" },
        lines: [
          { name: `${first.depths.at(-1)} plain layers, mean of all seeds`, role: "measured", x: offsets, y: offsets.map((_, i) => mean(profiles.map((profile) => profile[i]!))) },
          { name: "normal, of width √(2L/3)", role: "theory", x: offsets, y: offsets.map((at) => Math.exp(-((at / expected) ** 2) / 2) / expected / Math.sqrt(2 * Math.PI)) },
          { name: "all of the field alike", role: "null", x: offsets, y: offsets.map(() => 1 / offsets.length) },
        ],
      },
    ],
  };
}

/** √(Σ ⅔ s²) */
export function expectedWidth({ layer }: Stack, depth: number): number {
  let [square, jump] = [0, 1];
  for (let l = 0; l < depth; l++) {
    const { dilation = 1, stride = 1 } = layer(l);
    square += (2 / 3) * (dilation * jump) ** 2;
    jump *= stride;
  }
  return Math.sqrt(square);
}

/** The gradient of the middle output, over an input somewhat wider than its field. */
function gradientSpread({ layer }: Stack, depth: number, random: Random): Spread {
  const layers = Array.from({ length: depth }, (_, l) => layer(l));
  const field = receptiveFields(Array<number>(depth).fill(3), layers).at(-1)!;
  const jump = layers.reduce((product, { stride = 1 }) => product * stride, 1);
  // One more output on either side.
  const length = field + 2 * jump;
  const parameters = initialCnn(random, Array<number>(depth + 1).fill(channels), [3]);
  const x = normal(random, [inputs, channels, length], 1);
  const [output, pull] = vjp((input: np.Array) => {
    const result = cnn(keep(parameters), input, layers);
    dispose(result.features);
    return result.output;
  }, [x]);
  const [, , outputs] = output.shape as [number, number, number];
  output.dispose();
  const cotangent = tensor([inputs, channels, outputs]);
  for (let i = 0; i < inputs * channels; i++) cotangent.data[i * outputs + (outputs >> 1)] = random.normal();
  const { data } = toTensor(pull(fromTensor(cotangent))[0]);
  pull.dispose();
  dispose(parameters);
  const energy = Array<number>(length).fill(0);
  data.forEach((slope, i) => (energy[i % length]! += slope ** 2));
  const total = energy.reduce((sum, e) => sum + e, 0);
  const seen = energy.flatMap((e, i) => (e > 0 ? [i] : []));
  const profile = energy.slice(jump, jump + field).map((e) => e / total);
  const centre = energy.reduce((sum, e, i) => sum + (e * i) / total, 0);
  return { reach: seen.at(-1)! - seen[0]! + 1, width: Math.sqrt(energy.reduce((sum, e, i) => sum + (e * (i - centre) ** 2) / total, 0)), profile };
}
