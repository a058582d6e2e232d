/**
 * C2: does a convolution commute with the motions of the plane?
 *
 * f is equivariant to a motion T where f(T x) = T f(x). SE(2), which the essay
 * names, is the group of all shifts and rotations of the plane; a kernel that is
 * the same everywhere asks for the shifts alone.
 *
 * Shifts move the image round the torus, by whole pixels. Rotations are exact too:
 * the image is a sum of waves, x(p) = Σ a cos(w · p + φ), and can be read anywhere,
 * so that no interpolation is blamed on the network. At a place p
 *
 *   (f(R x))(p) = net of the patch x(R⁻¹(p + k)),     (R f(x))(p) = net of the patch x(R⁻¹ p + k)
 *
 * with k over the 5 × 5 places that two layers of 3 × 3 taps see.
 *
 * Source: Cohen & Welling 2016, arXiv:1602.07576 (what it takes for rotations);
 * Zhang 2019, arXiv:1904.11486 (stride and blur).
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor } from "../../probes/tensor.ts";
import { cnn, convolution, initialCnn, type Cnn, type Convolution } from "../toys/cnn.ts";
import { dispose, fromTensor, jit, keep, np, type OwnedFunction, toTensor } from "../toys/autodiff.ts";
import { valueOf, type Claim } from "./claim.ts";
import { digits } from "./apparatus/numerals.ts";
import { barOverSeeds, lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";

const side = 24;
const channels = [1, 8, 8];
const shifts = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const angles = [0, 15, 30, 45, 60, 75, 90];
/** Where rotations are looked at. */
const places = 300;

/** A smooth image that can be read at any place. */
type Image = (u: number, v: number) => number;

const nets: readonly { readonly id: string; readonly name: string; readonly layers: readonly Convolution[]; readonly stride: number; readonly blur?: true }[] = [
  { id: "circular", name: "stride 1", layers: [{ padding: "circular" }, { padding: "circular" }], stride: 1 },
  { id: "zero", name: "zero padding", layers: [{ padding: "zero" }, { padding: "zero" }], stride: 1 },
  { id: "stride-2", name: "stride 2", layers: [{ padding: "circular" }, { padding: "circular", stride: 2 }], stride: 2 },
  { id: "blur", name: "stride 2 after blurring", layers: [{ padding: "circular" }, { padding: "circular" }], stride: 2, blur: true },
];

export const claim: Claim = {
  id: "C2",
  system: "cnn",
  title: "Does a convolution commute with the motions of the plane?",
  statement: { en: "Sharing weights makes a convolutional network equivariant, f(T(x)) = T′(f(x)), under the group SE(2).", zh: "流形 M 对平移群 SE(2) 是不变的" },
  expectation: {
    verdict: "mixed",
    text: "For the shifts it is exact, at stride 1 and where the edges wrap round. SE(2) holds the rotations as well, and with those a convolution does not commute: the group of its symmetry is that of translations, T(2). Rotations take kernels that are shared over angles too.",
    sources: [{ text: "Cohen & Welling 2016, arXiv:1602.07576" }, { text: "Zhang 2019, arXiv:1904.11486" }, { text: "Azulay & Weiss 2018, arXiv:1805.12177" }],
  },
  data: `Images that are sums of 12 waves of random direction, wavelength 5 to 20 pixels: sampled on ${side} × ${side} pixels for shifts, read at any place for rotations.`,
  model: "The lab's convolutional network, two layers of 3 × 3 taps, 8 channels, random weights; with circular and zero padding, stride 1 and 2, with and without blurring before the stride; and one whose kernels look alike from all four sides.",
  measurement: "‖f(Tx) − T f(x)‖ / ‖f(x)‖. Shifts: the largest over 1 … 8 pixels; at stride 2 the output is shifted by half as many pixels, rounded down. Rotations: over 300 random places, without interpolation.",
  rule: "Shifts commute where the largest error at stride 1 is at most exact, rotations where the error at 30° is at most turned. Both: supports. Shifts only: mixed. No shifts: refutes.",
  thresholds: {
    exact: { value: 1e-6, unit: "1", meaning: "error of a shift that float32 leaves" },
    turned: { value: 0.05, unit: "1", meaning: "error of a rotation by 30° up to which a network counts as commuting with rotations" },
  },
  seeds: [1, 2, 3, 4, 5],
  seconds: 2,
  doesNotShow: "That convolutional networks fail on rotated images. A trained one may have learnt to answer alike for them; it is not built in.",
  wouldChange: "Kernels shared over rotations (group convolution). Kernels that look alike from four sides make quarter turns exact and, on smooth images, other angles nearly so (third figure). In practice already zero padding and strides break the shifts; the sabotaged run pads with zeros.",
  sabotage: { what: "Zeros beyond the edge instead of the other edge.", verdict: "refutes" },

  async run({ seeds, sabotaged, progress }) {
    const byShift = nets.map(() => [] as number[][]);
    const byAngle = { plain: [] as number[][], symmetric: [] as number[][] };
    const unrelated: number[] = [];
    const compiled = nets.map((net) => networkOf(net.id === "circular" && sabotaged ? nets[1]!.layers : net.layers, net.blur));
    // Nothing lies beyond a patch: two layers without padding leave one place of its 5 × 5.
    const onPatches = networkOf([{ padding: "none" }, { padding: "none" }]);
    for (const [s, seed] of seeds.entries()) {
      const random = new Random(seed);
      const image = drawImage(random);
      const parameters = initialCnn(random, channels, [3, 3]);
      await progress(s / seeds.length, `shifts of the image, seed ${seed}`);
      const pixels = fromTensor(tensor([1, 1, side, side], Float32Array.from({ length: side * side }, (_, i) => image(Math.floor(i / side), i % side))));
      nets.forEach((net, n) => {
        const f = (x: np.Array): np.Array => compiled[n]!(keep(parameters), x);
        const still = f(pixels.ref);
        byShift[n]!.push(shifts.map((k) => distance(f(np.roll(pixels.ref, k, 3)), np.roll(still.ref, Math.floor(k / net.stride), 3))));
        still.dispose();
      });
      pixels.dispose();
      await progress((s + 0.5) / seeds.length, `rotations of the image, seed ${seed}`);
      const at = Array.from({ length: places }, () => [100 * random.uniform(), 100 * random.uniform()] as const);
      const symmetric = fromAllSides(parameters);
      byAngle.plain.push(angles.map((angle) => rotationError(onPatches, parameters, image, at, angle)));
      byAngle.symmetric.push(angles.map((angle) => rotationError(onPatches, symmetric, image, at, angle)));
      unrelated.push(unrelatedPlaces(onPatches, parameters, image, at));
      dispose([parameters, symmetric]);
    }
    for (const network of [...compiled, onPatches]) network.dispose();
    await progress(1, "done");
    const largest = (n: number): number[] => byShift[n]!.map((line) => Math.max(...line));
    const angle = (lines: readonly number[][], degrees: number): number[] => lines.map((line) => line[angles.indexOf(degrees)]!);
    const chance = mean(unrelated);
    const bars: readonly (readonly [name: string, values: readonly number[]])[] = [
      ...nets.map(({ name }, n) => [`shift, ${name}`, largest(n)] as const),
      ["rotation by 30°", angle(byAngle.plain, 30)],
      ["rotation by 90°", angle(byAngle.plain, 90)],
      ["30°, kernels alike from 4 sides", angle(byAngle.symmetric, 30)],
      ["90°, kernels alike from 4 sides", angle(byAngle.symmetric, 90)],
    ];
    return {
      quantities: [
        overSeeds({ id: "shift", label: "error of shifts, stride 1, circular padding", unit: "1", reference: { value: 0, source: "exact, Cohen & Welling 2016" } }, largest(0)),
        overSeeds({ id: "rotation-30", label: "error of a rotation by 30°", unit: "1" }, angle(byAngle.plain, 30)),
        overSeeds({ id: "rotation-90", label: "error of a rotation by 90°", unit: "1" }, angle(byAngle.plain, 90)),
        ...nets.slice(1).map(({ id, name }, n) => overSeeds({ id: `shift-${id}`, label: `error of shifts, ${name}`, unit: "1" }, largest(n + 1))),
        overSeeds({ id: "symmetric-30", label: "error of a rotation by 30°, kernels alike from four sides", unit: "1" }, angle(byAngle.symmetric, 30)),
        overSeeds({ id: "symmetric-90", label: "error of a rotation by 90°, kernels alike from four sides", unit: "1", reference: { value: 0, source: "exact" } }, angle(byAngle.symmetric, 90)),
        overSeeds({ id: "unrelated", label: "distance of the outputs at unrelated places", unit: "1" }, unrelated),
      ],
      figures: [
        {
          kind: "bars",
          title: "How far a motion of the image is from the same motion of the output",
          y: { label: "‖f(Tx) − T f(x)‖ / ‖f(x)‖", unit: "" },
          categories: bars.map(([name]) => name),
          bars: [
            barOverSeeds("network", bars.map(([, values]) => values)),
            { name: "unrelated outputs", role: "null", values: bars.map(() => chance) },
          ],
        },
        {
          kind: "lines",
          title: "Error by shift",
          x: { label: "shift", unit: "pixels" },
          y: { label: "‖f(Tx) − T f(x)‖ / ‖f(x)‖", unit: "" },
          lines: [...nets.map(({ name }, n) => lineOverSeeds(name, shifts, byShift[n]!)), { name: "exact", role: "theory", x: shifts, y: shifts.map(() => 0) }],
        },
        {
          kind: "lines",
          title: "Error by angle",
          x: { label: "rotation", unit: "°" },
          y: { label: "‖f(Rx) − R f(x)‖ / ‖f(x)‖", unit: "" },
          lines: [lineOverSeeds("random kernels", angles, byAngle.plain), lineOverSeeds("kernels alike from four sides", angles, byAngle.symmetric), { name: "exact", role: "theory", x: angles, y: angles.map(() => 0) }, { name: "unrelated outputs", role: "null", x: angles, y: angles.map(() => chance) }],
        },
      ],
    };
  },

  judge(evidence, { exact = NaN, turned = NaN }) {
    const [shift, rotation] = [valueOf(evidence, "shift"), valueOf(evidence, "rotation-30")];
    const [shiftsHold, rotationsHold] = [shift <= exact, rotation <= turned];
    return {
      verdict: !shiftsHold ? "refutes" : rotationsHold ? "supports" : "mixed",
      reason: `A shift leaves an error of ${digits(shift)} (exact: at most ${digits(exact)}), a rotation by 30° one of ${digits(rotation)} (commutes: at most ${turned})${shiftsHold && !rotationsHold ? ": the symmetry is that of translations, not of SE(2)" : ""}.`,
    };
  },
};

function drawImage(random: Random): Image {
  const waves = Array.from({ length: 12 }, () => {
    const [direction, wavelength] = [2 * Math.PI * random.uniform(), 5 + 15 * random.uniform()];
    const number = (2 * Math.PI) / wavelength;
    return { u: number * Math.cos(direction), v: number * Math.sin(direction), phase: 2 * Math.PI * random.uniform(), height: random.normal() };
  });
  return (u, v) => waves.reduce((sum, wave) => sum + wave.height * Math.cos(wave.u * u + wave.v * v + wave.phase), 0);
}

type Network = OwnedFunction<(p: Cnn, x: np.Array) => np.Array>;

function networkOf(layers: readonly Convolution[], blur = false): Network {
  return jit((p: Cnn, x: np.Array): np.Array => {
    const { output, features } = cnn(p, x, layers);
    dispose(features);
    return blur ? blurred(output) : output;
  });
}

/** Binomial blur [1 2 1]² / 16 of each channel, then every second pixel. Zhang 2019. */
function blurred(y: np.Array): np.Array {
  const C = y.shape[1]!;
  const weights = [1, 2, 1];
  const kernel = tensor([C, C, 3, 3]);
  for (let c = 0; c < C; c++) for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) kernel.data[((c * C + c) * 3 + i) * 3 + j] = (weights[i]! * weights[j]!) / 16;
  return convolution(fromTensor(kernel), np.zeros([C]), y, { padding: "circular", stride: 2 });
}

/** The network's outputs for the 5 × 5 patches around some places, [places, O]. */
function patchOutputs(network: Network, parameters: Cnn, patches: readonly (readonly (readonly [number, number])[])[], image: Image): np.Array {
  const values = Float32Array.from(patches.flat(), ([u, v]) => image(u, v));
  return network(keep(parameters), fromTensor(tensor([patches.length, 1, 5, 5], values)));
}

const around = Array.from({ length: 25 }, (_, k) => [Math.floor(k / 5) - 2, (k % 5) - 2] as const);

function rotationError(network: Network, parameters: Cnn, image: Image, at: readonly (readonly [number, number])[], degrees: number): number {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const back = ([u, v]: readonly [number, number]): readonly [number, number] => [c * u + s * v, -s * u + c * v];
  const rotatedImage = at.map(([u, v]) => around.map(([i, j]) => back([u + i, v + j])));
  const rotatedOutput = at.map((place) => {
    const [u, v] = back(place);
    return around.map(([i, j]) => [u + i, v + j] as const);
  });
  return distance(patchOutputs(network, parameters, rotatedImage, image), patchOutputs(network, parameters, rotatedOutput, image));
}

/** How far the outputs at different places are from one another. */
function unrelatedPlaces(network: Network, parameters: Cnn, image: Image, at: readonly (readonly [number, number])[]): number {
  const outputs = patchOutputs(network, parameters, at.map(([u, v]) => around.map(([i, j]) => [u + i, v + j] as const)), image);
  return distance(np.roll(outputs.ref, 1, 0), outputs);
}

/** The network whose kernels are the means over their four quarter turns. */
function fromAllSides({ layers }: Cnn): Cnn {
  return {
    layers: layers.map(({ kernel, bias }) => {
      const turned = [0, 1, 2, 3].map((quarters) => quarterTurns(kernel.ref, quarters));
      return { kernel: turned.reduce((sum, next) => sum.add(next)).mul(1 / 4), bias: bias.ref };
    }),
  };
}

/** [O, C, 3, 3], by so many quarter turns. Consumes the kernel. */
function quarterTurns(kernel: np.Array, quarters: number): np.Array {
  for (let q = 0; q < quarters; q++) kernel = np.flip(kernel.transpose([0, 1, 3, 2]), 2);
  return kernel;
}

/** ‖a − b‖ / ‖b‖. Consumes both. */
function distance(a: np.Array, b: np.Array): number {
  const [{ data: left }, { data: right }] = [toTensor(a), toTensor(b)];
  let [error, norm] = [0, 0];
  for (let i = 0; i < right.length; i++) {
    error += (left[i]! - right[i]!) ** 2;
    norm += right[i]! ** 2;
  }
  return Math.sqrt(error / norm);
}
