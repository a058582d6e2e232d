/**
 * A trace as a safetensors file: hidden states and lens as tensors, the rest as
 * JSON in the metadata, so that Python opens it as it is.
 *
 *   resid_post            [T, L+1, D]   or [0, L+1, D] where the run was not captured; fewer rows where the record's `layers` names those that were kept
 *   final_norm            [T, D]        or [0, D]
 *   lens.tokens           [T, L+1, K]   and the other three only where the run kept a lens
 *   lens.logprobs         [T, L+1, K]
 *   lens.entropy          [T, L+1]
 *   lens.answer_logprob   [T, L+1]
 *   picture.0 …           [n, 2]        the pictures that it was drawn in, where it has any
 *   metadata              geodesic.version: "1"; geodesic.trace: the rest of `Trace`, JSON
 *
 * JSON has no NaN, ±∞ and −0: they are written as the strings "NaN",
 * "Infinity", "-Infinity", "-0". Reading trusts nothing: every field is checked
 * and copied, unknown ones are dropped, and texts stay texts.
 */
import { type Intervention, type Replacement, residualOperations } from "./intervention.ts";
import { pictureTensor, readPictures } from "./run-picture-file.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import type { Tensor } from "./tensor.ts";
import {
  decodingModes,
  thoughts,
  type Activation,
  type Answer,
  type EngineRecord,
  type Lens,
  type ModelSpec,
  type ProblemReference,
  type Step,
  type TokenCosine,
  type TokenLogprob,
  type Trace,
} from "./trace.ts";

export const traceVersion = "1";

/** The most that is read from a file that somebody sent; far above what a browser can show. */
const limits = { bytes: 2 ** 31, text: 2 ** 20, short: 2000, steps: 2 ** 16, layers: 2 ** 10, hiddenSize: 2 ** 16, vocabSize: 2 ** 24, kept: 2 ** 10, interventions: 2 ** 12 } as const;

export function encodeTrace(trace: Trace): Uint8Array<ArrayBuffer> {
  const { activations, lens, pictures, ...record } = trace;
  const tensors = new Map<string, Tensor>([
    ["resid_post", activations.residPost],
    ["final_norm", activations.finalNorm],
  ]);
  if (lens) {
    tensors.set("lens.tokens", lens.tokens);
    tensors.set("lens.logprobs", lens.logprobs);
    tensors.set("lens.entropy", lens.entropy);
    tensors.set("lens.answer_logprob", lens.answerLogprob);
  }
  pictures?.forEach(({ coordinates }, i) => tensors.set(pictureTensor(i), coordinates));
  const drawn = pictures ? { pictures: pictures.map(({ coordinates: _, ...picture }) => picture) } : {};
  const some = activations.layers ? { layers: activations.layers } : {};
  const json = JSON.stringify({ ...record, ...drawn, ...some, lensTexts: lens?.texts ?? [] }, (_, value: unknown) =>
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)) ? (Object.is(value, -0) ? "-0" : String(value)) : value,
  );
  return encodeSafetensors(tensors, { "geodesic.version": traceVersion, "geodesic.trace": json });
}

/**
 * @throws RangeError where the bytes are not a trace of this version, or its parts do not agree with each other
 */
export function decodeTrace(bytes: Uint8Array): Trace {
  if (bytes.length > limits.bytes) throw fault("the file", `at most ${limits.bytes} bytes`, bytes.length, "save a run with fewer steps");
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (!Object.hasOwn(metadata, "geodesic.trace")) throw fault("the metadata", "an entry geodesic.trace", Object.keys(metadata), "open a file that Geodesic saved");
  const version = Object.hasOwn(metadata, "geodesic.version") ? metadata["geodesic.version"] : undefined;
  if (version !== traceVersion) throw fault("geodesic.version", JSON.stringify(traceVersion), version, "save the run again with this version of Geodesic");
  let json: unknown;
  try {
    json = JSON.parse(metadata["geodesic.trace"]!);
  } catch (error) {
    throw fault("geodesic.trace", "JSON", error instanceof Error ? error.message : error);
  }
  const field = new Field("trace", json);
  const record = readRecord(field);
  const [T, L, D] = [record.steps.length, record.model.layers, record.model.hiddenSize];
  const take = (name: string, ...shapes: (readonly number[])[]): Tensor => {
    const found = tensors.get(name);
    if (!found || !shapes.some((shape) => String(shape) === String(found.shape))) {
      throw fault(name, shapes.map((shape) => `[${shape.join(", ")}]`).join(" or "), found ? `[${found.shape.join(", ")}]` : "no such tensor");
    }
    return found;
  };
  const layers = readLayers(field.at("layers"), L);
  const rows = layers?.length ?? L + 1;
  const residPost = take("resid_post", [T, rows, D], [0, rows, D]);
  const activations: Activation = { residPost, finalNorm: take("final_norm", [residPost.shape[0]!, D]), ...(layers ? { layers } : {}) };
  let lens: Lens | null = null;
  if (tensors.has("lens.tokens")) {
    const kept = tensors.get("lens.tokens")!.shape[2] ?? -1;
    if (!(kept >= 0 && kept <= Math.min(limits.kept, record.model.vocabSize))) throw fault("lens.tokens", `at most ${Math.min(limits.kept, record.model.vocabSize)} tokens per cell`, kept);
    const tokens = take("lens.tokens", [T, L + 1, kept]);
    const wrong = tokens.data.find((id) => !(Number.isInteger(id) && id >= 0 && id < record.model.vocabSize));
    if (wrong !== undefined) throw fault("lens.tokens", `token ids below ${record.model.vocabSize}`, wrong);
    lens = {
      kept,
      texts: field.at("lensTexts").list(limits.vocabSize, (item) => readText(item, record.model.vocabSize)),
      tokens,
      logprobs: take("lens.logprobs", [T, L + 1, kept]),
      entropy: take("lens.entropy", [T, L + 1]),
      answerLogprob: take("lens.answer_logprob", [T, L + 1]),
    };
  }
  const pictures = field.at("pictures");
  return { ...record, activations, lens, ...(pictures.absent ? {} : { pictures: readPictures(pictures, take, T, L) }) };
}

function fault(where: string, expected: string, got: unknown, advice = "the file is damaged or was not written by Geodesic"): RangeError {
  return new RangeError(`decodeTrace: ${where}: expected ${expected}, got ${shown(got)}; ${advice}`);
}

/** A value in a message: text as it is, the rest as JSON, cut short. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** One value of the untrusted record, with its path for messages. */
export class Field {
  private readonly path: string;
  private readonly value: unknown;

  constructor(path: string, value: unknown) {
    this.path = path;
    this.value = value;
  }

  private fault(expected: string): RangeError {
    // As JSON, so that the text "0" does not look like the number.
    return fault(this.path, expected, JSON.stringify(this.value));
  }

  at(key: string): Field {
    if (typeof this.value !== "object" || this.value === null || (Array.isArray(this.value) && !/^\d+$/.test(key))) throw this.fault("an object");
    // Own properties only: a file must not read `constructor` or the like from the prototype.
    return new Field(`${this.path}.${key}`, Object.hasOwn(this.value, key) ? (this.value as Record<string, unknown>)[key] : undefined);
  }

  list<T>(most: number, read: (item: Field) => T): T[] {
    if (!Array.isArray(this.value)) throw this.fault("a list");
    if (this.value.length > most) throw fault(this.path, `at most ${most} items`, `${this.value.length}`);
    return this.value.map((item: unknown, i) => read(new Field(`${this.path}[${i}]`, item)));
  }

  text(most: number = limits.text): string {
    if (typeof this.value !== "string") throw this.fault("a text");
    if (this.value.length > most) throw fault(this.path, `a text of at most ${most} characters`, `${this.value.length}`);
    return this.value;
  }

  oneOf<T extends string>(...choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.value);
    if (found === undefined) throw this.fault(`one of ${choices.join(", ")}`);
    return found;
  }

  /** Any number, NaN, ±∞ and −0 included. */
  number(): number {
    if (typeof this.value === "number") return this.value;
    if (this.value === "NaN") return NaN;
    if (this.value === "Infinity") return Infinity;
    if (this.value === "-Infinity") return -Infinity;
    if (this.value === "-0") return -0;
    throw this.fault("a number");
  }

  atLeast(least: number): number {
    const n = this.number();
    if (!(n >= least && n < Infinity)) throw this.fault(`a number of at least ${least}`);
    return n;
  }

  integer(least: number, most: number): number {
    const n = this.number();
    if (!(Number.isInteger(n) && n >= least && n <= most)) throw this.fault(`an integer from ${least} to ${most}`);
    return n;
  }

  bool(): boolean {
    if (typeof this.value !== "boolean") throw this.fault("true or false");
    return this.value;
  }

  orNull<T>(read: (field: Field) => T): T | null {
    return this.value === null ? null : read(this);
  }

  get absent(): boolean {
    return this.value === undefined;
  }

  /** For fields that came after the first files of this version. */
  orNullOrAbsent<T>(read: (field: Field) => T): T | null {
    return this.value === undefined ? null : this.orNull(read);
  }
}

/** The layers that were kept; null for all. */
function readLayers(f: Field, L: number): readonly number[] | null {
  if (f.absent) return null;
  const layers = f.list(L + 1, (x) => x.integer(0, L));
  layers.forEach((layer, i) => {
    if (i > 0 && layer <= layers[i - 1]!) throw fault("trace.layers", "rising layers", layers.join(", "));
  });
  return layers;
}

function readRecord(f: Field): Omit<Trace, "activations" | "lens"> {
  const model = readModel(f.at("model"));
  const steps = f.at("steps").list(limits.steps, (item) => readStep(item, model.vocabSize));
  steps.forEach((step, i) => {
    if (step.index !== i) throw fault(`trace.steps[${i}].index`, String(i), step.index);
  });
  return {
    model,
    mode: f.at("mode").oneOf(...decodingModes),
    thought: f.at("thought").orNull((x) => x.oneOf(...thoughts)),
    noise: f.at("noise").atLeast(0),
    prompt: f.at("prompt").text(),
    problem: f.at("problem").orNull(readProblem),
    seed: f.at("seed").integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    temperature: f.at("temperature").atLeast(0),
    questionStart: f.at("questionStart").integer(0, steps.length),
    steps,
    answer: readAnswer(f.at("answer"), model.vocabSize),
    engine: readEngine(f.at("engine")),
    created: readDate(f.at("created")),
    ...readAltered(f, model, steps.length),
  };
}

/** The two fields of an altered run; nothing for the others. */
function readAltered(f: Field, model: ModelSpec, steps: number): Pick<Trace, "interventions" | "branch"> {
  if (f.at("interventions").absent) return {};
  return {
    interventions: f.at("interventions").list(limits.interventions, (item) => readIntervention(item, model)),
    branch: f.at("branch").orNullOrAbsent((x) => x.integer(0, steps)),
  };
}

function readIntervention(f: Field, model: ModelSpec): Intervention {
  const thought = (): number => f.at("thought").integer(0, limits.steps);
  const kind = f.at("kind").oneOf("replace", "steer", "skip", "repeat", "reorder", "truncate", "corrupt", "residual");
  switch (kind) {
    case "replace":
      return { kind, thought: thought(), replacement: readReplacement(f.at("replacement"), model) };
    case "steer":
      return { kind, thought: thought(), vector: readVector(f.at("vector"), model), scale: f.at("scale").number(), ...readFrom(f) };
    case "skip":
      return { kind, thought: thought() };
    case "repeat":
      return { kind, thought: thought(), times: f.at("times").integer(1, limits.steps) };
    case "reorder":
      return { kind, order: f.at("order").list(limits.steps, (x) => x.integer(0, limits.steps)) };
    case "truncate":
      return { kind, after: f.at("after").integer(0, limits.steps) };
    case "corrupt":
      return { kind, token: f.at("token").integer(0, limits.steps), by: f.at("by").orNull((x) => x.integer(0, model.vocabSize - 1)) };
    case "residual":
      return {
        kind,
        step: f.at("step").integer(0, limits.steps),
        layer: f.at("layer").integer(0, model.layers),
        operation: f.at("operation").oneOf(...residualOperations),
        vector: readVector(f.at("vector"), model),
        ...readFrom(f),
      };
  }
}

/** Where a vector comes from, in words; absent in traces written before there was this field. */
function readFrom(f: Field): { readonly from?: string } {
  return f.at("from").absent ? {} : { from: f.at("from").text(limits.short) };
}

function readReplacement(f: Field, model: ModelSpec): Replacement {
  const by = f.at("by").oneOf("argmax", "soft", "mean", "noise", "zero", "vector");
  switch (by) {
    case "soft":
      return { by, kept: f.at("kept").integer(1, model.vocabSize) };
    case "noise":
      return { by, sigma: f.at("sigma").atLeast(0) };
    case "vector":
      return { by, vector: readVector(f.at("vector"), model), from: f.at("from").text(limits.short) };
    default:
      return { by };
  }
}

function readVector(f: Field, { hiddenSize }: ModelSpec): number[] {
  const vector = f.list(limits.hiddenSize, (x) => x.number());
  if (vector.length !== hiddenSize) throw fault("a vector of an intervention", `${hiddenSize} numbers`, vector.length);
  return vector;
}

function readModel(f: Field): ModelSpec {
  return {
    id: f.at("id").text(limits.short),
    engine: f.at("engine").oneOf("transformers", "webllm", "reference", "toy"),
    architecture: f.at("architecture").text(limits.short),
    layers: f.at("layers").integer(0, limits.layers),
    hiddenSize: f.at("hiddenSize").integer(1, limits.hiddenSize),
    vocabSize: f.at("vocabSize").integer(1, limits.vocabSize),
    contextLength: f.at("contextLength").integer(0, Number.MAX_SAFE_INTEGER),
    quantization: f.at("quantization").text(limits.short),
    source: f.at("source").oneOf("embedded", "hub", "folder", "lab"),
    revision: f.at("revision").text(limits.short),
  };
}

function readStep(f: Field, vocabSize: number): Step {
  return {
    index: f.at("index").integer(0, limits.steps),
    phase: f.at("phase").oneOf("prompt", "thought", "answer"),
    token: f.at("token").orNull((x) => x.integer(0, vocabSize - 1)),
    text: f.at("text").text(limits.short),
    logprob: f.at("logprob").orNull((x) => x.number()),
    top: readTokens(f.at("top"), vocabSize),
    entropy: f.at("entropy").number(),
    answerLogprob: f.at("answerLogprob").orNull((x) => x.number()),
    holds: f.at("holds").orNull((x) => readTokens(x, vocabSize)),
    nearest: f.at("nearest").orNullOrAbsent((x) => readCosines(x, vocabSize)),
    normRatio: f.at("normRatio").orNull((x) => x.number()),
    ...(f.at("hull").absent ? {} : { hull: f.at("hull").orNull((x) => x.number()) }),
    milliseconds: f.at("milliseconds").number(),
  };
}

function readTokens(f: Field, vocabSize: number): TokenLogprob[] {
  return f.list(limits.kept, (x) => ({
    token: x.at("token").integer(0, vocabSize - 1),
    text: x.at("text").text(limits.short),
    logprob: x.at("logprob").number(),
  }));
}

function readCosines(f: Field, vocabSize: number): TokenCosine[] {
  return f.list(limits.kept, (x) => ({
    token: x.at("token").integer(0, vocabSize - 1),
    text: x.at("text").text(limits.short),
    cosine: x.at("cosine").number(),
  }));
}

/** [id, text] */
function readText(f: Field, vocabSize: number): [number, string] {
  return [f.at("0").integer(0, vocabSize - 1), f.at("1").text(limits.short)];
}

function readAnswer(f: Field, vocabSize: number): Answer {
  return {
    tokens: f.at("tokens").list(limits.steps, (x) => x.integer(0, vocabSize - 1)),
    text: f.at("text").text(),
    logprob: f.at("logprob").number(),
    expected: f.at("expected").orNull((x) => x.text()),
    expectedLogprob: f.at("expectedLogprob").orNull((x) => x.number()),
    correct: f.at("correct").orNull((x) => x.bool()),
  };
}

function readProblem(f: Field): ProblemReference {
  return {
    task: f.at("task").text(limits.short),
    seed: f.at("seed").integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    difficulty: f.at("difficulty").number(),
    shots: f.at("shots").integer(0, limits.steps),
    variant: f.at("variant").orNull((x) => x.text(limits.short)),
  };
}

function readEngine(f: Field): EngineRecord {
  return {
    name: f.at("name").text(limits.short),
    runtime: f.at("runtime").text(limits.short),
    device: f.at("device").oneOf("wasm", "webgpu", "cpu"),
    adapter: f.at("adapter").orNull((x) => x.text(limits.short)),
  };
}

function readDate(f: Field): string {
  const text = f.text(40);
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) throw fault("trace.created", "a date as in ISO 8601", text);
  return text;
}
