/**
 * Where the residual stream lies in what a model library announces.
 *
 * TVM announces each kernel of a forward pass with its arguments. A pre-norm
 * transformer reads its residual stream through a norm at the start of each
 * layer and once more before the head, and a norm is known by the weight among
 * its arguments. Names of kernels say nothing: they change with data type, size
 * and build (`rms_norm1`, `fused_rms_norm2_add2`, `fuse_add_norm_prefill`).
 *
 * With w the place of the norm weight among the arguments:
 *
 *   w = 1   norm(x, weight, …, out)                     x is the residual stream
 *   w = 2   norm(x, residual, weight, out, sum)         sum = x + residual is
 *
 * So the first norm of layer ℓ tells where layer ℓ is entered. That it really
 * reads the residual stream is checked by following the data: the stream begins
 * with what the pass is given and goes on, layer after layer, through kernels
 * that add to it. A library whose layers are built otherwise (norms after the
 * block, as in OLMo 2) is refused rather than misread.
 */
import { EngineError } from "../engine.ts";

export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
}

/** One argument of a kernel: a weight, an activation in a buffer of the GPU, or anything else. */
export type Argument = { readonly weight: Weight } | Activation | null;

export interface Activation {
  /** The memory planner uses a buffer again as soon as its content is not needed any more. */
  readonly buffer: number;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface Announcement {
  readonly kernel: string;
  readonly args: readonly Argument[];
}

/** A norm that reads the residual stream. */
export interface Reader {
  /** Name of the norm's weight; together with `at` it finds the argument again in any later pass. */
  readonly weight: string;
  /** Which announcement of the pass this is. */
  readonly event: number;
  /** Which argument is the weight: 1 or 2. */
  readonly at: number;
  /** Which argument holds the residual stream, after the kernel has run. */
  readonly state: number;
  /** Which argument holds the normed state, after the kernel has run. */
  readonly normed: number;
}

export interface ResidualStream {
  /** Where layer ℓ is entered, [L]: what layer ℓ reads is layer ℓ of the residual stream. */
  readonly layers: readonly Reader[];
  /** The norm before the head; it reads layer L. */
  readonly final: Reader;
  /** Positions of the pass. */
  readonly rows: number;
  readonly hiddenSize: number;
  readonly dtype: "float32" | "float16";
}

/**
 * @param pass  all kernels of one prefill or decode, in order
 * @throws EngineError "layers: …" with what was not found
 */
export function findResidualStream(pass: readonly Announcement[]): ResidualStream {
  const norms = pass.flatMap((announcement, event) => norm(announcement, event));
  const layered = norms.filter(({ layer }) => layer !== null);
  if (layered.length === 0) throw wrong("norms whose weights carry a layer's number", describe(pass));
  inOrder(pass);

  const count = Math.max(...weightsOf(pass).flatMap(({ name }) => layerOf(name) ?? [])) + 1;
  const layers = Array.from({ length: count }, (_, layer) => {
    const first = layered.find((candidate) => candidate.layer === layer);
    const begins = pass.findIndex(({ args }) => args.some((arg) => arg && "weight" in arg && layerOf(arg.weight.name) === layer));
    if (!first || first.event !== begins) throw wrong(`layer ${layer} of ${count} to begin with a norm`, pass[begins] ? describe([pass[begins]]) : "no such layer");
    return first;
  });
  // Where the first norm of a layer is lost, the next one must not stand for it.
  const [name = "", ...names] = layers.map(({ weight, layer }) => weight.replace(`${layer}.`, "#."));
  const other = names.findIndex((candidate) => candidate !== name);
  if (other >= 0) throw wrong(`every layer to begin with ${name}`, layers[other + 1]?.weight ?? "none");
  const final = norms.filter(({ layer }) => layer === null).at(-1);
  const lastLayer = layers.at(-1);
  if (!final || !lastLayer || final.event < lastLayer.event) throw wrong("a norm before the head, after all layers", "none");
  const readers = [...layers, final];
  for (const { weight } of readers) {
    const times = norms.filter((other) => other.weight === weight).length;
    if (times !== 1) throw wrong(`${weight} to be read once`, `${times} times`);
  }
  if (!pass.slice(final.event + 1).some(({ args }) => args.some((arg) => arg && "weight" in arg && arg.weight.shape.length > 1))) {
    throw wrong(`a head after ${final.weight}`, "none");
  }
  follow(pass, readers);

  const first = layers[0] as Norm;
  const state = activation(pass, first, first.state);
  const hiddenSize = state.shape.at(-1) ?? 0;
  const rows = elements(state.shape) / hiddenSize;
  for (const reader of readers) {
    for (const part of [reader.state, reader.normed]) {
      const { shape, dtype } = activation(pass, reader, part);
      if (elements(shape) !== rows * hiddenSize || shape.at(-1) !== hiddenSize || dtype !== state.dtype) {
        throw wrong(`states [${state.shape}] of ${state.dtype} at ${reader.weight}`, `[${shape}] of ${dtype}`);
      }
    }
  }
  const { dtype } = state;
  if (dtype !== "float32" && dtype !== "float16") throw wrong("a residual stream of float32 or float16", dtype);
  return { layers: layers.map(plain), final: plain(final), rows, hiddenSize, dtype };
}

interface Norm extends Reader {
  /** null for a norm outside of the layers. */
  readonly layer: number | null;
}

/** The number in `model.layers.12.input_layernorm.weight`; null where there is none. */
function layerOf(name: string): number | null {
  const number = /(?:^|\.)(\d+)\./.exec(name)?.[1];
  return number === undefined ? null : Number(number);
}

/**
 * A norm of whole states: its only weights are vectors as long as the states
 * (a scale, perhaps a bias), and the scale comes second or third.
 */
function norm({ args }: Announcement, event: number): Norm[] {
  const weights = args.flatMap((arg) => (arg && "weight" in arg ? [arg.weight] : []));
  const at = args.findIndex((arg) => arg && "weight" in arg && !arg.weight.name.endsWith("bias"));
  const scale = args[at];
  const input = args[0];
  if (at !== 1 && at !== 2) return [];
  if (!scale || !("weight" in scale) || !input || !("buffer" in input)) return [];
  const length = input.shape.at(-1);
  if (!weights.every(({ shape }) => shape.length === 1 && shape[0] === length)) return [];
  // With w = 2 the kernel writes two states: the normed one and the sum.
  if (at === 2 && (args.length !== 5 || ![1, 3, 4].every((i) => isState(args[i], input)))) return [];
  if (at === 1 && (args.length < 3 || !isState(args.at(-1), input))) return [];
  const { name } = scale.weight;
  return [{ weight: name, event, at, state: at === 1 ? 0 : 4, normed: at === 1 ? args.length - 1 : 3, layer: layerOf(name) }];
}

function isState(arg: Argument | undefined, like: Activation): boolean {
  return !!arg && "buffer" in arg && elements(arg.shape) === elements(like.shape);
}

/** Weights of later layers come later. */
function inOrder(pass: readonly Announcement[]): void {
  let last = -1;
  for (const { name } of weightsOf(pass)) {
    const layer = layerOf(name);
    if (layer === null) continue;
    if (layer !== last && layer !== last + 1) throw wrong(`layer ${last + 1} after layer ${last}`, `${name}`);
    last = layer;
  }
}

/**
 * Follows the residual stream from the first layer to the head.
 *
 * What each buffer holds is renewed when a kernel writes it, and a kernel
 * writes its last argument (with w = 2, its last two). The stream goes on where
 * a kernel reads it together with another activation: it adds to it. A layer must
 * read its latest state: an earlier one, such as that between attention and MLP,
 * lies in a buffer of its own for a while, and would be the wrong one.
 */
function follow(pass: readonly Announcement[], readers: readonly Norm[]): void {
  const byEvent = new Map(readers.map((reader) => [reader.event, reader]));
  /** What no matrix was applied to since the pass began: its input, scaled or normed at most. */
  const raw = new Set<number>();
  const written = new Set<number>();
  const stream = new Set<number>();
  let latest: number | null = null;
  for (const [event, announcement] of pass.entries()) {
    const { args } = announcement;
    const states = args.flatMap((arg) => (arg && "buffer" in arg ? [arg.buffer] : []));
    const reader = byEvent.get(event);
    const fused = norm(announcement, event)[0]?.at === 2;
    const inputs = new Set(states.slice(0, fused ? -2 : -1));
    for (const buffer of inputs) if (!written.has(buffer)) raw.add(buffer);
    if (reader) {
      const enters = states[reader.at - 1] ?? Number.NaN;
      if (reader.layer === 0 && stream.size === 0 && raw.has(enters)) {
        stream.add(enters);
        latest = enters;
      }
      if (enters !== latest || !stream.has(enters)) throw wrong(`${reader.weight} to read the residual stream`, `another activation of ${announcement.kernel}`);
    }
    const matrix = args.some((arg) => arg && "weight" in arg && arg.weight.shape.length > 1);
    const untouched = inputs.size > 0 && !matrix && [...inputs].every((buffer) => raw.has(buffer));
    const joins = inputs.size > 1 && [...inputs].some((buffer) => stream.has(buffer));
    const outputs = states.slice(fused ? -2 : -1);
    for (const [i, buffer] of outputs.entries()) {
      written.add(buffer);
      raw.delete(buffer);
      stream.delete(buffer);
      if (untouched) raw.add(buffer);
      // Of the two outputs of a fused norm, the second is the sum.
      if (joins && i === outputs.length - 1) {
        stream.add(buffer);
        latest = buffer;
      }
    }
  }
}

function weightsOf(pass: readonly Announcement[]): Weight[] {
  return pass.flatMap(({ args }) => args.flatMap((arg) => (arg && "weight" in arg ? [arg.weight] : [])));
}

function activation(pass: readonly Announcement[], { event, weight }: Norm, at: number): Activation {
  const arg = pass[event]?.args[at];
  if (!arg || !("buffer" in arg)) throw wrong(`a state at ${weight}`, "something else");
  return arg;
}

function plain({ weight, event, at, state, normed }: Norm): Reader {
  return { weight, event, at, state, normed };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((n, size) => n * size, 1);
}

function describe(pass: readonly Announcement[]): string {
  const names = [...new Set(weightsOf(pass).map(({ name }) => name))];
  return names.length === 0 ? `${pass.length} kernels without weights` : `${names.slice(0, 4).join(", ")}${names.length > 4 ? " …" : ""}`;
}

function wrong(expected: string, got: string): EngineError {
  return new EngineError(`layers: expected ${expected}, got ${got}; hidden states cannot be read from this library, choose another`);
}
