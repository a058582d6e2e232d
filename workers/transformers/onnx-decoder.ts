/**
 * A decoder over three sessions of one model: the whole, which gives logits
 * and hidden states; the embedding; and the head.
 */
import { LlamaForCausalLM, PretrainedConfig, Tensor as OrtTensor } from "@huggingface/transformers";
import { type Tensor, concatenate, size, tensor } from "../../probes/tensor.ts";
import type { EngineRecord, ModelSpec } from "../../probes/trace.ts";
import { type Decoder, EngineError, EngineLostError, type Forward, type ForwardOptions, type ResidualEdit, type Tokenizer } from "../engine.ts";
import type { ModelConfig } from "./config.ts";
import { KvCache } from "./kv-cache.ts";
import { checkInput, checkStates, checkTokens } from "../decoder-input.ts";
import { meanEmbeddingNorm } from "../embedding-norm.ts";
import { checkEdits, editsByLayer } from "../residual-edits.ts";
import { editInputs } from "./onnx/editing.ts";
import { added } from "./onnx/splice.ts";
import { asEngineError, ort } from "./runtime.ts";
import { type Session, float32 } from "./session.ts";

/** Logits that one call of the head may give, in numbers; more are asked for in pieces. */
const headRoom = 2 ** 24;

export interface Sessions {
  readonly whole: Session;
  readonly embedding: Session;
  readonly head: Session;
}

export class OnnxDecoder implements Decoder {
  /** Mean over at most 4096 rows, evenly spaced through the vocabulary; set by `measure`. */
  embeddingNorm = 0;
  /** Positions that one run may take; a longer input goes in pieces (see prefill-check.ts). */
  longestPass = Number.POSITIVE_INFINITY;
  private readonly cache = new KvCache();
  /** transformers.js' forward pass: it knows which inputs a model of this type wants beside the tokens. */
  private readonly model: LlamaForCausalLM;
  /** What a step of tokens passes in place of vectors; made once, since it never changes. */
  private readonly noVectors: OrtTensor;
  private readonly tokensIn = new OrtTensor("bool", Uint8Array.of(0), [1, 1, 1]);
  private readonly vectorsIn = new OrtTensor("bool", Uint8Array.of(1), [1, 1, 1]);
  /** The session that edits, and the model on it; made when first something is edited. */
  private editor: Promise<{ readonly session: Session; readonly model: LlamaForCausalLM }> | null = null;
  private capturing = false;
  private failure: { readonly error: Error } | null = null;
  private gone: string | null = null;
  /** One session runs at a time: the binaries that suspend cannot be entered twice. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    readonly spec: ModelSpec,
    readonly record: EngineRecord,
    readonly tokenizer: Tokenizer,
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    /** Makes the session of `editing.ts`; null where this decoder does not edit. */
    private readonly makeEditor: (() => Promise<Session>) | null = null,
  ) {
    this.noVectors = new OrtTensor("float32", new Float32Array(spec.hiddenSize), [1, 1, spec.hiddenSize]);
    // Every class of decoder leads to the same forward pass, which goes by the
    // config; so any of them does.
    this.model = this.modelOn(sessions.whole);
  }

  get length(): number {
    return this.cache.length;
  }

  async embed(tokens: readonly number[]): Promise<Tensor> {
    checkTokens(tokens, this.spec);
    if (tokens.length === 0) return tensor([0, this.spec.hiddenSize]);
    const { geo_embeddings: output } = await this.exclusive(() => this.sessions.embedding.run({ input_ids: int64(tokens) }));
    if (!output) throw missing("geo_embeddings");
    return float32(output, [tokens.length, this.spec.hiddenSize]);
  }

  async forward(input: readonly number[] | Tensor, { capture = false, edits = [] }: ForwardOptions = {}): Promise<Forward> {
    const count = checkInput(input, this.spec, this.length);
    checkEdits(edits, count, this.spec);
    if (count <= this.longestPass) return this.pass(input, count, capture, edits);
    const before = this.length;
    const passes: Forward[] = [];
    try {
      for (let first = 0; first < count; first += this.longestPass) {
        const piece = part(input, first, Math.min(count, first + this.longestPass));
        const rows = Math.min(this.longestPass, count - first);
        const here = edits.filter(({ row }) => row >= first && row < first + rows).map((edit) => ({ ...edit, row: edit.row - first }));
        passes.push(await this.pass(piece, rows, capture, here));
      }
    } catch (error) {
      await this.rewind(before).catch(() => undefined);
      throw error;
    }
    return {
      logits: concatenate(passes.map(({ logits }) => logits)),
      residPost: capture ? concatenate(passes.flatMap(({ residPost }) => residPost ?? [])) : null,
      finalNorm: concatenate(passes.map(({ finalNorm }) => finalNorm)),
    };
  }

  /** One run of the session over `count` new positions. */
  private async pass(input: readonly number[] | Tensor, count: number, capture: boolean, edits: readonly ResidualEdit[]): Promise<Forward> {
    const vectors = "shape" in input ? input : null;
    const tokens = "shape" in input ? Array.from({ length: count }, () => 0) : input;
    const { hiddenSize, vocabSize, layers } = this.spec;
    const changed = edits.length > 0 ? this.editFeeds(edits, count) : {};
    const outputs = await this.exclusive(async () => {
      const model = edits.length > 0 ? (await this.editing()).model : this.model;
      const total = this.length + count;
      this.capturing = capture;
      const given = (await model.forward({
        input_ids: transformersInt64(tokens, [1, count]),
        attention_mask: transformersInt64(Array.from({ length: total }, () => 1), [1, total]),
        past_key_values: this.cache.past,
        [added.embeds]: vectors ? new OrtTensor("float32", vectors.data, [1, count, hiddenSize]) : this.noVectors,
        [added.mask]: vectors ? this.vectorsIn : this.tokensIn,
        ...changed,
      })) as Record<string, OrtTensor | undefined>;
      this.throwFailure();
      this.cache.adopt(given, count);
      return given;
    });
    const output = (name: string, shape: readonly number[]): Tensor => {
      const found = outputs[name];
      if (!found) throw missing(name);
      if (size(found.dims) !== size(shape)) throw new EngineError(`forward: expected ${name} of shape [${shape}], got [${found.dims}]; config.json and the model do not belong together`);
      return float32(found, shape);
    };
    return {
      logits: output("logits", [count, vocabSize]),
      residPost: capture ? output(added.hidden, [count, layers + 1, hiddenSize]) : null,
      finalNorm: output(added.final, [count, hiddenSize]),
    };
  }

  unembed(states: Tensor): Promise<Tensor> {
    return this.read(states, true);
  }

  lens(states: Tensor): Promise<Tensor> {
    return this.read(states, false);
  }

  rewind(length: number): Promise<void> {
    return this.exclusive(() => this.cache.rewind(length));
  }

  async dispose(): Promise<void> {
    await this.exclusive(async () => {
      await this.cache.dispose();
      for (const session of Object.values(this.sessions) as Session[]) await session.release();
      await (await this.editor?.catch(() => null))?.session.release();
    });
    this.gone = "the model was disposed of; load it again";
  }

  /** Says that the device is lost; every later call tells so. */
  lose(why: string): void {
    this.gone ??= `the GPU was lost (${why}); load the model again`;
  }

  /** Takes the mean norm of the embedding's rows, for the norm ratios of latent steps. */
  async measure(): Promise<void> {
    this.embeddingNorm = await meanEmbeddingNorm(this);
  }

  /** Runs the head over states [N, D], in pieces where there are many logits. */
  private async read(states: Tensor, normed: boolean): Promise<Tensor> {
    const { vocabSize, hiddenSize } = this.spec;
    const [rows = 0] = states.shape;
    checkStates("states", states, this.spec);
    const out = tensor([rows, vocabSize]);
    const atOnce = Math.max(1, Math.floor(headRoom / vocabSize));
    for (let first = 0; first < rows; first += atOnce) {
      const count = Math.min(atOnce, rows - first);
      const piece = states.data.subarray(first * hiddenSize, (first + count) * hiddenSize);
      const { head } = this.sessions;
      const { geo_logits: logits } = await this.exclusive(() =>
        head.run({
          geo_state: new ort.Tensor("float32", piece, [1, count, hiddenSize]),
          geo_normed: new ort.Tensor("bool", Uint8Array.of(normed ? 1 : 0), [1, 1, 1]),
          ...(head.inputNames.includes("num_logits_to_keep") ? { num_logits_to_keep: new ort.Tensor("int64", BigInt64Array.of(0n), []) } : {}),
        }),
      );
      if (!logits) throw missing("geo_logits");
      out.data.set(float32(logits, [count, vocabSize]).data, first * vocabSize);
    }
    return out;
  }

  private modelOn(session: Session): LlamaForCausalLM {
    return new LlamaForCausalLM(new PretrainedConfig(this.config.json), { model: this.guarded(session) }, {});
  }

  /** A session that could not be made is asked for anew the next time. */
  private editing(): NonNullable<OnnxDecoder["editor"]> {
    const make = this.makeEditor;
    if (!make) throw new EngineError("edit: expected a decoder that edits, got one without its model's files; load the model again");
    const made = this.editor ?? make().then((session) => ({ session, model: this.modelOn(session) }));
    this.editor = made;
    made.catch(() => {
      if (this.editor === made) this.editor = null;
    });
    return made;
  }

  /** The edits as inputs: x ⊙ keep + add, for each layer. */
  private editFeeds(edits: readonly ResidualEdit[], rows: number): Record<string, OrtTensor> {
    const { hiddenSize, layers } = this.spec;
    const feeds: Record<string, OrtTensor> = {};
    for (const [layer, own] of editsByLayer(edits, layers).entries()) {
      const names = editInputs(layer);
      const keep = new Float32Array(own ? rows : 1).fill(1);
      const add = new Float32Array(own ? rows * hiddenSize : 1);
      for (const { row, operation, vector } of own ?? []) {
        const sum = add.subarray(row * hiddenSize, (row + 1) * hiddenSize);
        if (operation === "replace") {
          keep[row] = 0;
          sum.fill(0);
        }
        for (let i = 0; i < hiddenSize; i++) sum[i] = sum[i]! + vector[i]!;
      }
      feeds[names.keep] = new OrtTensor("float32", keep, [1, keep.length, 1]);
      feeds[names.add] = new OrtTensor("float32", add, own ? [1, rows, hiddenSize] : [1, 1, 1]);
    }
    return feeds;
  }

  private throwFailure(): void {
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure.error;
  }

  private lost(why: string): EngineLostError {
    return new EngineLostError(`model: expected a model at work, got none: ${why}`);
  }

  /** One call at a time, in order; a failure is told to its caller only. */
  private exclusive<T>(call: () => Promise<T>): Promise<T> {
    const result = this.queue.then(async () => {
      if (this.gone) throw this.lost(this.gone);
      try {
        return await call();
      } catch (error) {
        // A device that is lost on the way shows as an error of the call under way.
        throw this.gone ? this.lost(this.gone) : asEngineError("model", error);
      }
    });
    this.queue = result.catch(() => undefined);
    return result;
  }

  /**
   * The session as transformers.js sees it. It strings all runs on one chain of
   * promises that a single rejection breaks for good, so none may reject: the
   * error is kept and thrown after the call. Hidden states are fetched only
   * where they are wanted.
   */
  private guarded(session: Session): Session {
    const quiet = session.outputNames.filter((name) => name !== added.hidden);
    const run = async (feeds: Parameters<Session["run"]>[0]): ReturnType<Session["run"]> => {
      try {
        return await session.run(feeds, this.capturing ? session.outputNames : quiet);
      } catch (error) {
        this.failure = { error: asEngineError("model", error) };
        return {};
      }
    };
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      inputMetadata: session.inputMetadata,
      outputMetadata: session.outputMetadata,
      run,
    } as unknown as Session;
  }
}

/** Positions [first, end) of an input. */
function part(input: readonly number[] | Tensor, first: number, end: number): readonly number[] | Tensor {
  if (!("shape" in input)) return input.slice(first, end);
  const width = input.shape[1] ?? 0;
  return { shape: [end - first, width], data: input.data.slice(first * width, end * width) };
}

function missing(name: string): EngineError {
  return new EngineError(`model: expected the output ${name}, got none; load the model again`);
}

function int64(numbers: readonly number[]): InstanceType<typeof ort.Tensor> {
  return new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [1, numbers.length]);
}

function transformersInt64(numbers: readonly number[], shape: readonly number[]): OrtTensor {
  return new OrtTensor("int64", BigInt64Array.from(numbers, BigInt), [...shape]);
}
