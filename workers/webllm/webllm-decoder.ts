/**
 * WebLLM as a decoder: its pipeline runs the network, a tap reads the residual
 * stream, and everything that a pass yields comes back from the GPU at once.
 */
import { type Tensor, concatenate, row, tensor } from "../../probes/tensor.ts";
import type { EngineRecord, ModelSpec } from "../../probes/trace.ts";
import { AbortError, type Decoder, EngineError, EngineLostError, type Forward, type ForwardOptions, type ResidualEdit, type Tokenizer } from "../engine.ts";
import { checkInput, checkRewind, checkStates, checkTokens } from "../decoder-input.ts";
import { meanEmbeddingNorm } from "../embedding-norm.ts";
import { checkEdits, editsByLayer } from "../residual-edits.ts";
import { type GpuTensor, type Pipeline, scratchRows } from "./adapter.ts";
import { describeGpuError } from "./gpu-watch.ts";
import { halfToNumber, numberToHalf } from "./float16.ts";
import { Store, usage } from "./store.ts";
import type { Place, Tap } from "./tap.ts";

/** Bytes that one pass may bring back; longer inputs go in pieces. */
const passRoom = 2 ** 26;

export class WebllmDecoder implements Decoder {
  /** Mean over at most 4096 rows, evenly spaced through the vocabulary; set by `measure`. */
  embeddingNorm = 0;
  private readonly store: Store;
  private gone: string | null = null;
  /** One pass at a time: WebLLM's pipeline has one sequence. */
  private queue: Promise<unknown> = Promise.resolve();
  /** Bytes of a state, [D]. */
  private readonly rowBytes: number;
  /** The last final-norm state, as it was handed out and as it still lies on the GPU: what a latent step mostly feeds back. */
  private readonly last: { readonly buffer: GPUBuffer; readonly id: number; state: Float32Array | null; passes: number };

  /**
   * @param close  unloads the model
   */
  constructor(
    readonly spec: ModelSpec,
    readonly record: EngineRecord,
    readonly tokenizer: Tokenizer,
    private readonly pipeline: Pipeline,
    private readonly tap: Tap,
    private readonly close: () => Promise<void>,
  ) {
    this.store = new Store(pipeline);
    this.rowBytes = spec.hiddenSize * (pipeline.dtype === "float16" ? 2 : 4);
    const buffer = pipeline.device.createBuffer({ label: "geodesic latent", size: this.rowBytes, usage: usage.copyDestination | usage.copySource });
    this.last = { buffer, id: pipeline.adopt(buffer), state: null, passes: 0 };
  }

  get length(): number {
    return this.pipeline.length;
  }

  async embed(tokens: readonly number[]): Promise<Tensor> {
    checkTokens(tokens, this.spec);
    const { tap, pipeline, rowBytes } = this;
    const atOnce = tap.scalesInput ? Math.min(scratchRows, pipeline.chunk) : pipeline.chunk;
    const pieces: Tensor[] = [];
    for (let first = 0; first < tokens.length; first += atOnce) {
      const piece = tokens.slice(first, first + atOnce);
      const bytes = await this.exclusive(() => {
        const to: Place = { buffer: this.store.reserve(piece.length * rowBytes), offset: 0 };
        const embedded = pipeline.embed(piece);
        if (tap.scalesInput) tap.through({ rows: piece.length, run: "embedding", states: { ...to, stride: 0 } }, () => pipeline.forwardAside(this.sequence(embedded)));
        else pipeline.copy(embedded.dataPtr, 0, to.buffer, 0, piece.length * rowBytes);
        return piece.length * rowBytes;
      });
      pieces.push(tensor([piece.length, this.spec.hiddenSize], this.numbers(bytes)));
    }
    return pieces.length > 0 ? concatenate(pieces) : tensor([0, this.spec.hiddenSize]);
  }

  async forward(input: readonly number[] | Tensor, { capture = false, edits: asked = [] }: ForwardOptions = {}): Promise<Forward> {
    const count = checkInput(input, this.spec, this.length);
    checkEdits(asked, count, this.spec);
    // Without edits the pass takes its turn at once.
    const edits = asked.length > 0 ? await this.replacements(input, asked) : asked;
    const { hiddenSize, vocabSize, layers } = this.spec;
    const perRow = (capture ? layers + 2 : 1) * hiddenSize * 4 + vocabSize * 4;
    const longest = Math.max(1, Math.min(this.pipeline.chunk, Math.floor(passRoom / perRow)));
    const before = this.length;
    const passes: Forward[] = [];
    try {
      for (let first = 0; first < count; first += longest) {
        const end = Math.min(count, first + longest);
        const here = edits.filter(({ row }) => row >= first && row < end).map((edit) => ({ ...edit, row: edit.row - first }));
        passes.push(await this.pass(part(input, first, end), capture, here));
      }
    } catch (error) {
      // What was there before still stands.
      if (!this.gone) await this.rewind(before).catch(() => undefined);
      throw error;
    }
    const [only] = passes;
    if (only && passes.length === 1) return only;
    return {
      logits: concatenate(passes.map(({ logits }) => logits)),
      residPost: capture ? concatenate(passes.flatMap(({ residPost }) => residPost ?? [])) : null,
      finalNorm: concatenate(passes.map(({ finalNorm }) => finalNorm)),
    };
  }

  /**
   * Edits as replacements alone, one for each place: rows can be put where a
   * layer is read, but not added to. What is added to is read in a pass of its
   * own, one for each layer that has such edits, and forgotten again.
   */
  private async replacements(input: readonly number[] | Tensor, edits: readonly ResidualEdit[]): Promise<ResidualEdit[]> {
    const before = this.length;
    const out: ResidualEdit[] = [];
    for (const [layer, own] of editsByLayer(edits, this.spec.layers).entries()) {
      if (!own) continue;
      const states = new Map<number, Float32Array>();
      let captured: Tensor | null = null;
      for (const { row: at, operation, vector } of own) {
        if (operation === "replace") {
          states.set(at, Float32Array.from(vector));
          continue;
        }
        if (!states.has(at) && !captured) {
          captured = (await this.forward(input, { capture: true, edits: out })).residPost;
          await this.rewind(before);
        }
        const state = states.get(at) ?? row(captured!, at, layer).slice();
        states.set(at, state.map((x, i) => x + vector[i]!));
      }
      for (const [at, vector] of states) out.push({ layer, row: at, operation: "replace", vector });
    }
    return out;
  }

  /** One prefill or decode step over at most `chunk` positions. */
  private async pass(input: readonly number[] | Tensor, capture: boolean, edits: readonly ResidualEdit[]): Promise<Forward> {
    const { pipeline, tap, rowBytes, last } = this;
    const { hiddenSize, vocabSize, layers } = this.spec;
    const rows = "shape" in input ? (input.shape[0] ?? 0) : input.length;
    const states = capture ? (layers + 1) * rows * rowBytes : 0;
    const normed = rows * rowBytes;
    let ticket = 0;
    const bytes = await this.exclusive(() => {
      // Our rows for a model that scales its input lie behind what is read back.
      const total = states + normed + rows * vocabSize * 4;
      // Rows of edits lie behind those.
      const edited = total + rows * rowBytes;
      const buffer = this.store.reserve(edited + edits.length * rowBytes);
      const logits = { buffer, offset: states + normed };
      for (const [i, { vector }] of edits.entries()) this.store.write(edited + i * rowBytes, this.halves(Float32Array.from(vector)));
      const fed = this.feed(input, rows, { buffer, offset: total });
      const lastLogits = tap.through(
        {
          rows,
          run: "all",
          ...(fed.place ? { input: fed.place } : {}),
          ...(edits.length > 0 ? { edits: edits.map(({ layer, row: at }, i) => ({ layer, row: at, from: { buffer, offset: edited + i * rowBytes } })) } : {}),
          ...(capture ? { states: { buffer, offset: 0, stride: rows * rowBytes } } : {}),
          normed: { buffer, offset: states },
        },
        () => pipeline.forward(fed.input),
      );
      this.checkLogits(lastLogits, 1);
      // What lies in `last` from here on is known once this pass has come back, and if no other has begun by then.
      last.state = null;
      ticket = ++last.passes;
      pipeline.copy(buffer, states + (rows - 1) * rowBytes, last.id, 0, rowBytes);
      this.head({ buffer, offset: states }, rows - 1, true, logits);
      pipeline.copy(lastLogits.dataPtr, 0, buffer, logits.offset + (rows - 1) * vocabSize * 4, vocabSize * 4);
      return total;
    });
    const finalNorm = tensor([rows, hiddenSize], this.numbers(bytes.slice(states, states + normed)));
    if (ticket === last.passes) last.state = finalNorm.data.slice((rows - 1) * hiddenSize);
    return {
      logits: tensor([rows, vocabSize], new Float32Array(bytes.slice(states + normed))),
      residPost: capture ? stepMajor(this.numbers(bytes.slice(0, states)), layers + 1, rows, hiddenSize) : null,
      finalNorm,
    };
  }

  unembed(states: Tensor): Promise<Tensor> {
    return this.read(states, true);
  }

  lens(states: Tensor): Promise<Tensor> {
    return this.read(states, false);
  }

  async rewind(length: number): Promise<void> {
    await this.exclusive(() => {
      checkRewind(length, this.length);
      this.pipeline.rewind(length);
      return 0;
    });
  }

  dispose(): Promise<void> {
    const done = this.queue.then(() => this.end());
    this.queue = done.catch(() => undefined);
    return done;
  }

  private async end(): Promise<void> {
    if (this.gone) return;
    this.gone = "the model was disposed of; load it again";
    this.release();
    await this.close();
  }

  /** Frees what this decoder has on the GPU beside the model. */
  release(): void {
    this.store.dispose();
    this.pipeline.release(this.last.id);
    this.last.buffer.destroy();
  }

  /** Says that the device is lost; every later call tells so. */
  lose(why: string): void {
    this.gone ??= `the GPU was lost (${why}); load the model again`;
  }

  /** Takes the mean norm of the embedding's rows, for the norm ratios of latent steps. */
  async measure(): Promise<void> {
    this.embeddingNorm = await meanEmbeddingNorm(this);
  }

  /** The input of a pass: for a model that scales its embeddings, any, with our vectors put in behind the scaling. */
  private feed(input: readonly number[] | Tensor, rows: number, room: Place): { input: GpuTensor; place: Place | null } {
    const { pipeline, last, rowBytes } = this;
    if (!("shape" in input)) return { input: this.sequence(pipeline.embed(input)), place: null };
    const vectors = pipeline.empty([1, rows, this.spec.hiddenSize]);
    const held = rows === 1 && last.state?.every((value, i) => Object.is(value, input.data[i]));
    const from: Place = held ? { buffer: last.id, offset: 0 } : room;
    // The store's tail is free; what is written there comes before all copies of this pass.
    if (!held) this.store.write(room.offset, this.halves(input.data));
    if (this.tap.scalesInput) return { input: vectors, place: from };
    pipeline.copy(from.buffer, from.offset, vectors.dataPtr, 0, rows * rowBytes);
    return { input: vectors, place: null };
  }

  /** Embeddings [n, D] as a sequence, [1, n, D]. */
  private sequence(embedded: GpuTensor): GpuTensor {
    return embedded.view([1, ...embedded.shape]);
  }

  /** Records the head over rows on the GPU, [rows, D] → [rows, V]; with the last norm before it where they are not normed yet. */
  private head(from: Place, rows: number, normed: boolean, to: Place): void {
    const { pipeline, tap, rowBytes } = this;
    const { hiddenSize, vocabSize } = this.spec;
    const aside = (count: number): GpuTensor => pipeline.forwardAside(pipeline.empty([1, count, hiddenSize]));
    const atOnce = pipeline.givesLogits ? Math.min(scratchRows, pipeline.chunk) : 1;
    for (let first = 0; first < rows; first += atOnce) {
      const count = Math.min(atOnce, rows - first);
      const place = { buffer: from.buffer, offset: from.offset + first * rowBytes };
      let logits: GpuTensor;
      if (pipeline.givesLogits) {
        const hidden = pipeline.empty([count, hiddenSize]);
        if (normed) pipeline.copy(place.buffer, place.offset, hidden.dataPtr, 0, count * rowBytes);
        else tap.through({ rows: count, run: "norm", input: place, normed: { buffer: hidden.dataPtr, offset: 0 } }, () => aside(count));
        logits = pipeline.logits(hidden);
      } else {
        logits = tap.through({ rows: 1, run: normed ? "head" : "norm and head", input: place }, () => aside(1));
      }
      this.checkLogits(logits, count);
      pipeline.copy(logits.dataPtr, 0, to.buffer, to.offset + first * vocabSize * 4, count * vocabSize * 4);
    }
  }

  /** Runs the head over states [N, D], in pieces where there are many logits. */
  private async read(states: Tensor, normed: boolean): Promise<Tensor> {
    const { vocabSize, hiddenSize } = this.spec;
    const [rows = 0] = states.shape;
    checkStates("states", states, this.spec);
    const out = tensor([rows, vocabSize]);
    const atOnce = Math.max(1, Math.floor(passRoom / (vocabSize * 4)));
    for (let first = 0; first < rows; first += atOnce) {
      const count = Math.min(atOnce, rows - first);
      const bytes = await this.exclusive(() => {
        const total = count * vocabSize * 4;
        const buffer = this.store.reserve(total + count * this.rowBytes);
        this.store.write(total, this.halves(states.data.subarray(first * hiddenSize, (first + count) * hiddenSize)));
        this.head({ buffer, offset: total }, count, normed, { buffer, offset: 0 });
        return total;
      });
      out.data.set(new Float32Array(bytes), first * vocabSize);
    }
    return out;
  }

  /** States as the model keeps them. */
  private halves(data: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
    return this.pipeline.dtype === "float32" ? data : Uint16Array.from(data, numberToHalf);
  }

  private numbers(bytes: ArrayBuffer): Float32Array<ArrayBuffer> {
    return this.pipeline.dtype === "float32" ? new Float32Array(bytes) : Float32Array.from(new Uint16Array(bytes), halfToNumber);
  }

  private checkLogits({ shape, dtype }: GpuTensor, rows: number): void {
    const { vocabSize } = this.spec;
    if (dtype === "float32" && shape.at(-1) === vocabSize && shape.reduce((n, size) => n * size, 1) === rows * vocabSize) return;
    throw new EngineError(`model: expected logits [${rows}, ${vocabSize}] of float32, got [${shape}] of ${dtype}; the library and the weights do not belong together`);
  }

  /**
   * Records work on the GPU when its turn comes, and reads back as many bytes
   * of the store as it says. Whatever goes wrong on the GPU meanwhile is told
   * to this caller.
   */
  private exclusive(record: () => number): Promise<ArrayBuffer> {
    const result = this.queue.then(async () => {
      this.checkAlive();
      const { device } = this.pipeline;
      const scopes = ["internal", "out-of-memory", "validation"] as const;
      for (const scope of scopes) device.pushErrorScope(scope);
      const said = async (): Promise<GpuFailure | null> => {
        const errors = await Promise.all(scopes.map(() => device.popErrorScope()));
        const error = errors.find((candidate) => candidate !== null);
        return error ? new GpuFailure(error) : null;
      };
      let errors: Promise<GpuFailure | null> | null = null;
      try {
        const bytes = this.pipeline.scoped(record);
        const read = bytes > 0 ? this.store.read(bytes) : Promise.resolve(new ArrayBuffer(0));
        errors = said();
        const [content, failure] = await Promise.all([read, errors]);
        if (failure) throw failure;
        return content;
      } catch (error) {
        const failure = await (errors ?? said()).catch(() => null);
        // A lost device breaks off calls before it says so itself.
        await new Promise((resolve) => setTimeout(resolve));
        this.checkAlive();
        // It may be the store itself that the GPU would not make.
        if (failure) this.store.dispose();
        throw asEngineError(failure ?? error);
      }
    });
    this.queue = result.catch(() => undefined);
    return result;
  }

  private checkAlive(): void {
    if (this.gone) throw new EngineLostError(`model: expected a model at work, got none: ${this.gone}`);
  }
}

/** [L+1, T, D] → [T, L+1, D] */
function stepMajor(data: Float32Array, layers: number, rows: number, width: number): Tensor {
  const out = tensor([rows, layers, width]);
  for (let layer = 0; layer < layers; layer++) {
    for (let t = 0; t < rows; t++) out.data.set(data.subarray((layer * rows + t) * width, (layer * rows + t + 1) * width), (t * layers + layer) * width);
  }
  return out;
}

/** Positions [first, end) of an input. */
function part(input: readonly number[] | Tensor, first: number, end: number): readonly number[] | Tensor {
  if (!("shape" in input)) return input.slice(first, end);
  const width = input.shape[1] ?? 0;
  return { shape: [end - first, width], data: input.data.slice(first * width, end * width) };
}

/** What the GPU said of a pass. */
class GpuFailure extends Error {
  constructor(error: GPUError) {
    super(describeGpuError(error));
  }
}

/** An engine's own errors as they are, all others as what WebLLM or the GPU said. */
export function asEngineError(error: unknown): Error {
  if (error instanceof EngineError || error instanceof AbortError) return error;
  const said = (error as { message?: unknown } | null)?.message;
  const all = typeof said === "string" && said !== "" ? said : typeof error === "string" ? error : "no reason given";
  const text = all.length > 300 ? `${all.slice(0, 300)}…` : all;
  if (/out of memory|bad_alloc|allocation/i.test(text)) return new EngineLostError(`model: expected room for the model, got "${text}"; close other pages or choose a smaller model`);
  return new EngineError(`model: expected WebLLM to run, got "${text}"; load the model again or choose another`);
}
