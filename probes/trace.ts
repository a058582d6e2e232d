/**
 * The record of one run: what the model was given, each step it took, and the
 * hidden states of every layer at every step. A worker writes it, a probe reads
 * it, a view draws what the probe returns; a saved, shared or golden trace is
 * this record in a safetensors file (`trace-file.ts`).
 *
 * Every part is plain data: cloneable, transferable, saveable.
 */
import type { Intervention } from "./intervention.ts";
import type { RunPicture } from "./run-picture.ts";
import type { Tensor } from "./tensor.ts";

/** How the model comes to its answer. `direct` is the control without which no comparison means anything. */
export type DecodingMode = "direct" | "icl" | "cot" | "latent";
export const decodingModes: readonly DecodingMode[] = ["direct", "icl", "cot", "latent"];

/**
 * How a latent step makes its next input. With h the final-norm hidden state of
 * the last position, p the model's prediction there, E the embedding rows:
 *
 * - `hidden`   h, raw (Coconut, arXiv:2412.06769)
 * - `rescaled` h at the mean norm of the rows of E (LatentMAS, arXiv:2511.20639)
 * - `soft`     rows of E mixed by the filtered p (Soft Thinking, arXiv:2505.15778)
 * - `gumbel`   the same with Gumbel noise (arXiv:2508.03440)
 * - `mixture`  a sampled token's row mixed with those of p (Mixture of Inputs, arXiv:2505.14827)
 * - `switch`   tokens while the entropy falls, mixtures while it rises (after SwiReasoning, arXiv:2510.05069)
 *
 * The exact rules stand in `workers/decoding/thoughts.ts`.
 */
export type ThoughtMethod = "hidden" | "rescaled" | "soft" | "gumbel" | "mixture" | "switch";
export const thoughtMethods: readonly ThoughtMethod[] = ["hidden", "rescaled", "soft", "gumbel", "mixture", "switch"];

/**
 * The controls, without which a latent plot proves nothing. They take the place
 * of `hidden`, whose vector they spoil, and combine with no other method:
 *
 * - `none`    no thoughts at all
 * - `pause`   the embedding of one fixed filler token in place of each thought
 * - `random`  a random vector of the same norm as the thought
 * - `swapped` the thought that the same model had on another problem
 * - `argmax`  the embedding of the token that the thought most likely reads out as
 * - `noise`   the thought plus Gaussian noise of `noise` times its norm
 */
export type ThoughtControl = "none" | "pause" | "random" | "swapped" | "argmax" | "noise";
export const thoughtControls: readonly ThoughtControl[] = ["none", "pause", "random", "swapped", "argmax", "noise"];

export type Thought = ThoughtMethod | ThoughtControl;
export const thoughts: readonly Thought[] = [...thoughtMethods, ...thoughtControls];

/**
 * Whether a model learnt to think by this method. The embedded model was trained
 * to have its raw hidden state fed back; no other model and no other method was,
 * and what they show is a trajectory, not a way to better answers.
 */
export function trainedForLatent(spec: Pick<ModelSpec, "source">, thought: Thought = "hidden"): boolean {
  return spec.source === "embedded" && thought === "hidden";
}

/** Enough to find the same model again. */
export interface ModelSpec {
  /** Hub id or folder name, for example `geodesic/nano`. */
  readonly id: string;
  readonly engine: "transformers" | "webllm" | "reference" | "toy";
  /** As in config.json, for example `LlamaForCausalLM`. */
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabSize: number;
  /** The longest sequence, in tokens. */
  readonly contextLength: number;
  /** `f32`, `f16`, `q8`, `q4`, `q4f16` … */
  readonly quantization: string;
  readonly source: "embedded" | "hub" | "folder" | "lab";
  /** Commit hash on the hub; SHA-256 of the weights file where there is no commit. */
  readonly revision: string;
}

/** A token with its log-probability (nats). */
export interface TokenLogprob {
  readonly token: number;
  readonly text: string;
  readonly logprob: number;
}

/** A token with the cosine between its embedding row and a vector. */
export interface TokenCosine {
  readonly token: number;
  readonly text: string;
  readonly cosine: number;
}

/**
 * One position that went through the network: its input, and what the model
 * predicted there.
 */
export interface Step {
  readonly index: number;
  /** `prompt`: given; `thought`: produced on the way (a token of a chain of thought, or a vector); `answer`: the cue to answer and the answer's own tokens. */
  readonly phase: "prompt" | "thought" | "answer";
  /** The input token; null where the input was a vector. The thought `switch` takes tokens and vectors. */
  readonly token: number | null;
  /** The input as text; "" for a latent thought. */
  readonly text: string;
  /** Log-probability (nats) of the input token under the prediction one step before; null where the input was given or is a vector. */
  readonly logprob: number | null;
  /** The likeliest next tokens at this step, best first. */
  readonly top: readonly TokenLogprob[];
  /** Entropy of the next-token distribution at this step, nats. */
  readonly entropy: number;
  /** Log-probability (nats) of the right answer as the next token at this step; null where no answer is known. */
  readonly answerLogprob: number | null;
  /**
   * For a vector: what it holds, best first. A mixture of embedding rows says its
   * weights, as logarithms (`soft`, `gumbel`, `mixture`, `switch`); any other vector
   * what it reads out as, softmax(head · vector), and `rescaled` what it read out as
   * before it was rescaled, since the head expects the norm of h. Null for a token.
   */
  readonly holds: readonly TokenLogprob[] | null;
  /**
   * For a vector: the tokens whose embedding rows lie nearest by angle, best first,
   * sought among the 64 that the head ranks highest and those of the mixture.
   * Null for a token, and in traces written before there was this field.
   */
  readonly nearest: readonly TokenCosine[] | null;
  /** For a vector: its norm, over the mean norm of the embedding rows. */
  readonly normRatio: number | null;
  /**
   * For a vector: its distance to the nearest mixture of the embedding rows of the tokens
   * among which `nearest` is sought, over its norm; 0 where it is such a mixture.
   * Null for a token; absent in traces written before there was this field.
   */
  readonly hull?: number | null;
  /** Wall-clock time of this step, ms; the prompt's steps share one forward pass. */
  readonly milliseconds: number;
}

/** Hidden states of a run, in TransformerLens words, step-major so that a step can be appended. */
export interface Activation {
  /** Residual stream after each block, [T, L+1, D]: layer 0 is the embedding, layer L the last block's output before the final norm. */
  readonly residPost: Tensor;
  /** Where not all layers were kept: those that were, rising; `residPost` then has one row for each. */
  readonly layers?: readonly number[];
  /** Output of the final norm, [T, D]: what a latent step feeds back. */
  readonly finalNorm: Tensor;
}

/**
 * The logit lens (nostalgebraist 2020): softmax(head · norm(h)) of the residual
 * stream at each step and layer. Its last layer is the model's own prediction.
 */
export interface Lens {
  /** Tokens kept per cell, K. */
  readonly kept: number;
  /** The text of each token that occurs in a cell, by id. */
  readonly texts: readonly (readonly [number, string])[];
  /** The K likeliest token ids of each cell, best first, [T, L+1, K]. */
  readonly tokens: Tensor;
  /** Their log-probabilities (nats), [T, L+1, K]. */
  readonly logprobs: Tensor;
  /** Entropy of each cell, nats, [T, L+1]. */
  readonly entropy: Tensor;
  /** Log-probability (nats) of the right answer, [T, L+1]; NaN where no answer is known. */
  readonly answerLogprob: Tensor;
}

/** What the model answered. */
export interface Answer {
  readonly tokens: readonly number[];
  readonly text: string;
  /** Log-probability (nats) of the first token of the answer that the model gave. */
  readonly logprob: number;
  /** The right answer as text; null for a custom prompt. */
  readonly expected: string | null;
  /** Log-probability (nats) of the right answer's first token; null for a custom prompt. */
  readonly expectedLogprob: number | null;
  readonly correct: boolean | null;
}

/** Where the problem of a run came from; null in a trace of a custom prompt. */
export interface ProblemReference {
  readonly task: string;
  readonly seed: number;
  readonly difficulty: number;
  readonly shots: number;
  readonly variant: string | null;
}

/** What ran the model. */
export interface EngineRecord {
  /** For example `transformers.js 4.3.1`. */
  readonly name: string;
  /** For example `onnxruntime-web 1.31.0-dev…`. */
  readonly runtime: string;
  readonly device: "wasm" | "webgpu" | "cpu";
  /** WebGPU adapter (vendor, architecture), or null. */
  readonly adapter: string | null;
}

export interface Trace {
  readonly model: ModelSpec;
  readonly mode: DecodingMode;
  /** How latent steps made their inputs; null in the other modes. */
  readonly thought: Thought | null;
  /** Size of the added noise over the thought's norm, for `noise`; else 0. */
  readonly noise: number;
  readonly prompt: string;
  readonly problem: ProblemReference | null;
  /** Seed of sampling and of the controls. */
  readonly seed: number;
  /** 0 is greedy decoding. */
  readonly temperature: number;
  /** Index of the first step of the question proper; the steps before it are the graph and the solved examples. */
  readonly questionStart: number;
  readonly steps: readonly Step[];
  readonly answer: Answer;
  readonly activations: Activation;
  readonly lens: Lens | null;
  readonly engine: EngineRecord;
  /** ISO 8601. */
  readonly created: string;
  /** What was done to the run; absent where nothing was. */
  readonly interventions?: readonly Intervention[];
  /**
   * Of an altered run: index of the first step whose input or hidden states were
   * altered, so that every step before it is that of the unaltered run. It may equal the
   * number of steps (an intervention behind the last input). Null where none
   * came to pass, as when the thinking ended sooner. Absent where there are no interventions.
   */
  readonly branch?: number | null;
  /** The pictures that it was drawn in when it was saved; absent where there were none. */
  readonly pictures?: readonly RunPicture[];
}

/** The steps after the prompt: what thinking and answering took. */
export function stepsTaken(trace: Pick<Trace, "steps">): number {
  return trace.steps.filter((step) => step.phase !== "prompt").length;
}
