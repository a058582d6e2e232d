/** From forward passes to the steps, activations and lens of a trace. */
import { concatenate, row, tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { Activation, Lens, Step } from "../../probes/trace.ts";
import type { Decoder, StepEvent } from "../engine.ts";
import { norm } from "./controls.ts";
import type { Pass } from "./decode.ts";
import { named, readout } from "./readout.ts";

export interface CaptureOptions {
  readonly capture: boolean;
  /** Tokens kept per step and per lens cell; at most the whole vocabulary. */
  readonly kept: number;
  /** First token of the right answer; null where none is known. */
  readonly answer: number | null;
}

type LensTensors = Omit<Lens, "kept" | "texts">;

/** The lens takes at most this many logits at a time. */
const largestLens = 1 << 22;

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
    const { forward, vectors } = pass;
    const residPost = this.options.capture ? forward.residPost : null;
    const lens = residPost ? await this.lensOf(residPost) : null;
    const holds = vectors ? await this.decoder.unembed(vectors) : null;
    if (residPost && lens) {
      this.residPost.push(residPost);
      this.finalNorm.push(forward.finalNorm);
      this.lenses.push(lens);
    }
    const positions = forward.logits.shape[0]!;
    return Array.from({ length: positions }, (_, t): StepEvent => {
      const step = this.step(pass, t, positions, holds);
      this.steps.push(step);
      const part = (whole: Tensor | undefined | null): Tensor | null => (whole ? { shape: whole.shape.slice(1), data: row(whole, t).slice() } : null);
      const lensTokens = part(lens?.tokens);
      return { step, residPost: part(residPost), lensTokens, lensLogprobs: part(lens?.logprobs), lensTexts: this.textsOf(lensTokens) };
    });
  }

  /** Without capture there are no rows: [0, L+1, D] and [0, D]. */
  activations(): Activation {
    const { layers, hiddenSize } = this.decoder.spec;
    if (this.residPost.length === 0) return { residPost: tensor([0, layers + 1, hiddenSize]), finalNorm: tensor([0, hiddenSize]) };
    return { residPost: concatenate(this.residPost), finalNorm: concatenate(this.finalNorm) };
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

  private step(pass: Pass, t: number, positions: number, holds: Tensor | null): Step {
    const { tokenizer, embeddingNorm } = this.decoder;
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
      holds: holds ? named(readout(row(holds, t), this.kept, null), tokenizer) : null,
      normRatio: pass.vectors ? norm(row(pass.vectors, t)) / embeddingNorm : null,
      milliseconds: pass.milliseconds / positions,
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
