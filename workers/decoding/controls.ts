/**
 * Controls: what a latent step feeds in where the thought itself is spoilt. With
 * h the final-norm hidden state of the last position, D its size:
 *
 *   pause    E[filler], the same each time Goyal et al. 2023, arXiv:2310.02226, without its training
 *   random   ‖h‖ · ε / ‖ε‖                 with ε standard normal: the norm without the direction
 *   swapped  h of the same step on another problem
 *   argmax   E[argmax head · h]            the thought forced into one token
 *   noise    h + σ ‖h‖ / √D · ε            so that the noise's norm is about σ ‖h‖
 *
 * They spoil the raw hidden state (`hidden`), and no other method of `thoughts.ts`.
 * The filler is the first of `<pad>`, `<|pad|>`, `[PAD]` that the vocabulary
 * writes as one token, else the (first) token of ".". The chain goes on from what was
 * fed in: the next h is that of the replaced input. `none` makes no steps at all.
 */
import type { Random } from "../../probes/random.ts";
import { tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { ThoughtControl } from "../../probes/trace.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, Tokenizer } from "../engine.ts";
import { greedy } from "./sampling.ts";

export interface ControlOptions {
  /** σ */
  readonly noise: number;
  readonly random: Random;
  /** For `swapped`: the other problem's thoughts, [1, D] each. */
  readonly swapped: readonly Tensor[];
}

/**
 * The vector to feed in as thought number `index`.
 *
 * @param hidden  final-norm state of the last position, [1, D]
 * @returns       [1, D]
 */
export async function controlThought(decoder: Decoder, control: ThoughtControl, hidden: Tensor, index: number, options: ControlOptions): Promise<Tensor> {
  const { random } = options;
  switch (control) {
    case "pause":
      return decoder.embed([fillerToken(decoder.tokenizer)]);
    case "random": {
      const direction = Float32Array.from(hidden.data, () => random.normal());
      const scale = norm(hidden.data) / norm(direction);
      return tensor(hidden.shape, direction.map((x) => x * scale));
    }
    case "swapped": {
      const other = options.swapped[index];
      if (!other) throw new EngineError(`swapped: expected a thought number ${index + 1} of the other problem, got ${options.swapped.length}; let it think as long`);
      return other;
    }
    case "argmax":
      return decoder.embed([greedy((await decoder.unembed(hidden)).data)]);
    case "noise": {
      const scale = (options.noise * norm(hidden.data)) / Math.sqrt(hidden.data.length);
      return tensor(hidden.shape, hidden.data.map((x) => x + scale * random.normal()));
    }
    case "none":
      throw new EngineError("none: expected no latent steps, got one; set thoughts to 0");
  }
}

export function fillerToken(tokenizer: Tokenizer): number {
  for (const text of ["<pad>", "<|pad|>", "[PAD]"]) {
    const tokens = encoded(tokenizer, text);
    if (tokens.length === 1) return tokens[0]!;
  }
  const [dot] = encoded(tokenizer, ".");
  if (dot === undefined) throw new EngineError('pause: expected a vocabulary that can write "<pad>" or ".", got neither; choose another control');
  return dot;
}

/** Nothing where the vocabulary cannot express the text. */
export function encoded(tokenizer: Tokenizer, text: string): number[] {
  try {
    return tokenizer.encode(text);
  } catch {
    return [];
  }
}

/** L2 norm, in float64. */
export function norm(x: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i]! * x[i]!;
  return Math.sqrt(squares);
}
