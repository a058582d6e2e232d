/** From forward passes to the steps, activations and lens of a trace. */
import { concatenate, row, tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import { hullDistance } from "../../probes/thoughts/hull-distance.ts";
import type { Activation, Lens, Step, TokenCosine, TokenLogprob } from "../../probes/trace.ts";
import type { Decoder, StepEvent } from "../engine.ts";
import { norm } from "./controls.ts";
import type { Pass } from "./decode.ts";
import { largest, named, readout } from "./readout.ts";

export interface CaptureOptions {
  readonly capture: boolean;
  /** Tokens kept per step and per lens cell; at most the whole vocabulary. */
  readonly kept: number;
  /** First token of the right answer; null where none is known. */
  readonly answer: number | null;
  /** The layers whose states are kept, rising; left out: all. The lens is of all layers. */
  readonly layers?: readonly number[];
}

/** Nearest embedding rows are sought among this many tokens that the head ranks highest. */
const sought = 64;

type LensTensors = Omit<Lens, "kept" | "texts">;

/** The lens takes at most this many logits at a time. */
const largestLens = 1 << 22;

interface VectorShown {
  readonly holds: readonly TokenLogprob[] | null;
  readonly nearest: readonly TokenCosine[] | null;
  readonly normRatio: number | null;
  readonly hull: number | null;
}

export class Capture {
  readonly steps: Step[] = [];
  private readonly kept: number;
  private readonly residPost: Tensor[] = [];
  private readonly finalNorm: Tensor[] = [];
  private readonly lenses: LensTensors[] = [];
  private readonly texts = new Map<number, string>();

  constructor(private readonly decoder: Decoder, private readonly options: CaptureOptions) {
    this.kept = Math.min(options.kept, decoder.spec.vocabSize);
  }

  /** Takes in one pass; one event per position, in order. */
  async take(pass: Pass): Promise<StepEvent[]> {
    const { forward } = pass;
    const all = this.options.capture ? forward.residPost : null;
    const lens = all ? await this.lensOf(all) : null;
    const residPost = all && this.options.layers ? onlyLayers(all, this.options.layers) : all;
    const vector = await this.vectorOf(pass);
    if (residPost && lens) {
      this.residPost.push(residPost);
      this.finalNorm.push(forward.finalNorm);
      this.lenses.push(lens);
    }
    const positions = forward.logits.shape[0]!;
    return Array.from({ length: positions }, (_, t): StepEvent => {
      const step = this.step(pass, t, positions, vector);
      this.steps.push(step);
      const part = (whole: Tensor | undefined | null): Tensor | null => (whole ? { shape: whole.shape.slice(1), data: row(whole, t).slice() } : null);
      const lensTokens = part(lens?.tokens);
      return { step, residPost: part(residPost), lensTokens, lensLogprobs: part(lens?.logprobs), lensTexts: this.textsOf(lensTokens) };
    });
  }

  /** Without capture there are no rows: [0, L+1, D] and [0, D]. */
  activations(): Activation {
    const { layers, hiddenSize } = this.decoder.spec;
    const kept = this.options.layers ? { layers: this.options.layers } : {};
    if (this.residPost.length === 0) return { residPost: tensor([0, this.options.layers?.length ?? layers + 1, hiddenSize]), finalNorm: tensor([0, hiddenSize]), ...kept };
    return { residPost: concatenate(this.residPost), finalNorm: concatenate(this.finalNorm), ...kept };
  }

  lens(): Lens | null {
    if (this.lenses.length === 0) return null;
    const all = (name: keyof LensTensors): Tensor => concatenate(this.lenses.map((lens) => lens[name]));
    return { kept: this.kept, texts: [...this.texts], tokens: all("tokens"), logprobs: all("logprobs"), entropy: all("entropy"), answerLogprob: all("answerLogprob") };
  }

  /** Spells out the tokens of a step's cells, each looked up once in a run. */
  private textsOf(tokens: Tensor | null): [number, string][] {
    return [...new Set(tokens?.data ?? [])].map((token) => {
      const text = this.texts.get(token) ?? this.decoder.tokenizer.text(token);
      this.texts.set(token, text);
      return [token, text];
    });
  }

  private step(pass: Pass, t: number, positions: number, vector: VectorShown): Step {
    const { tokenizer } = this.decoder;
    const token = pass.tokens?.[t] ?? null;
    const prediction = readout(row(pass.forward.logits, t), this.kept, this.options.answer);
    return {
      index: this.steps.length,
      phase: pass.phase,
      token,
      text: token === null ? "" : tokenizer.text(token),
      logprob: pass.logprob,
      top: named(prediction, tokenizer),
      entropy: prediction.entropy,
      answerLogprob: prediction.answerLogprob,
      ...vector,
      milliseconds: pass.milliseconds / positions,
    };
  }

  /** What is said of a fed-in vector; a pass of vectors is one latent step. */
  private async vectorOf({ vectors, fed }: Pass): Promise<VectorShown> {
    if (!vectors || fed?.kind !== "vector") return { holds: null, nearest: null, normRatio: null, hull: null };
    const { tokenizer, embeddingNorm } = this.decoder;
    const { data } = await this.decoder.unembed(fed.reads);
    const holds = fed.weights
      ? fed.weights.slice(0, this.kept).map(({ token, weight }) => ({ token, text: tokenizer.text(token), logprob: Math.log(weight) }))
      : named(readout(data, this.kept, null), tokenizer);
    const among = [...new Set([...largest(data, sought), ...(fed.weights ?? []).slice(0, sought).map(({ token }) => token)])];
    const rows = await this.decoder.embed(among);
    const nearest = nearestRows(row(vectors, 0), rows, among).slice(0, this.kept);
    const size = norm(row(vectors, 0));
    return {
      holds,
      nearest: nearest.map(({ token, cosine }) => ({ token, text: tokenizer.text(token), cosine })),
      normRatio: size / embeddingNorm,
      hull: hullDistance(row(vectors, 0), rows).distance / size,
    };
  }

  /** The logit lens of [T, L+1, D]. */
  private async lensOf(residPost: Tensor): Promise<LensTensors> {
    const [positions = 0, layers = 0, d = 0] = residPost.shape;
    const cells = positions * layers;
    const shape = [positions, layers];
    const tokens = tensor([...shape, this.kept]);
    const logprobs = tensor([...shape, this.kept]);
    const entropy = tensor(shape);
    const answerLogprob = tensor(shape);
    const rows = Math.max(1, Math.floor(largestLens / this.decoder.spec.vocabSize));
    for (let start = 0; start < cells; start += rows) {
      const end = Math.min(cells, start + rows);
      const logits = await this.decoder.lens({ shape: [end - start, d], data: residPost.data.slice(start * d, end * d) });
      for (let cell = start; cell < end; cell++) {
        const seen = readout(row(logits, cell - start), this.kept, this.options.answer);
        tokens.data.set(seen.ids, cell * this.kept);
        logprobs.data.set(seen.logprobs, cell * this.kept);
        entropy.data[cell] = seen.entropy;
        answerLogprob.data[cell] = seen.answerLogprob ?? NaN;
      }
    }
    return { tokens, logprobs, entropy, answerLogprob };
  }
}

/** [T, layers, D] of [T, L+1, D]. */
function onlyLayers(residPost: Tensor, layers: readonly number[]): Tensor {
  const [positions = 0, , d = 0] = residPost.shape;
  const out = tensor([positions, layers.length, d]);
  for (let t = 0; t < positions; t++) layers.forEach((layer, i) => out.data.set(row(residPost, t, layer), (t * layers.length + i) * d));
  return out;
}

/** Tokens by the cosine of their rows, [N, D], with a vector, best first; NaN (no direction) last. */
function nearestRows(vector: Float32Array, rows: Tensor, tokens: readonly number[]): { token: number; cosine: number }[] {
  const length = norm(vector);
  const cosines = tokens.map((token, k) => {
    const other = row(rows, k);
    let dot = 0;
    for (let i = 0; i < vector.length; i++) dot += vector[i]! * other[i]!;
    return { token, cosine: dot / (length * norm(other)) };
  });
  const rank = (cosine: number): number => (Number.isNaN(cosine) ? -2 : cosine);
  return cosines.sort((a, b) => rank(b.cosine) - rank(a.cosine) || a.token - b.token);
}
