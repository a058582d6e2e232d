/**
 * What a latent step feeds in: Coconut's hidden state, and training-free methods
 * for models that were never trained to think in vectors. With h the final-norm
 * hidden state of the last position, z its logits, E the embedding rows:
 *
 *   hidden    h                                              Hao et al. 2024, arXiv:2412.06769
 *   rescaled  h · mean‖E‖ / ‖h‖                              LatentMAS, arXiv:2511.20639, with Wₐ = I
 *   soft      Σ wᵢ Eᵢ, w = the filtered softmax(z / 0.6)     Soft Thinking, arXiv:2505.15778
 *   gumbel    Σ gᵢ Eᵢ, g = softmax((ln w + Gumbel) / 0.5)    stochastic Soft Thinking, arXiv:2508.03440
 *   mixture   Σ mᵢ Eᵢ, m = a sampled token mixed with p      Mixture of Inputs, arXiv:2505.14827
 *   switch    a token, or Σ pᵢ Eᵢ, as the entropy goes       after SwiReasoning, arXiv:2510.05069
 *
 * Each step is one position, and the position advances by one. Rules, numbers and
 * the order of operations were read in the authors' code, not taken from the papers'
 * text: eric-ai-lab/Soft-Thinking b97407c (sampler.py, for soft and gumbel),
 * EvanZhuang/mixinputs 7aef34b (gpu_model_runner.py), sdc17/SwiReasoning 7f3b278
 * (generation_utils.py), Gen-Verse/LatentMAS 1430ad6 (models.py).
 *
 * A method that knows which token it would have taken ends the thinking where
 * that token ends the answer, or is `</think>`, as the authors' loops do. What
 * comes after the thinking, in all methods, is the cue.
 */
import { entropy, logSoftmax } from "../../probes/lens/softmax.ts";
import type { Random } from "../../probes/random.ts";
import { row, tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { Thought, ThoughtControl } from "../../probes/trace.ts";
import type { Decoder, Tokenizer } from "../engine.ts";
import { controlThought, encoded, norm } from "./controls.ts";
import type { ControlOptions } from "./controls.ts";
import { largest } from "./readout.ts";
import { sample } from "./sampling.ts";

/** A token's share in a mixture. */
export interface Weight {
  readonly token: number;
  readonly weight: number;
}

/** The input of one latent step. */
export type Fed =
  | { readonly kind: "token"; readonly token: number }
  | {
      readonly kind: "vector";
      /** [1, D] */
      readonly vector: Tensor;
      /** What the head reads to say what the vector holds, [1, D]. */
      readonly reads: Tensor;
      /** Where the vector is a mixture of embedding rows: its weights, best first, with sum 1. */
      readonly weights: readonly Weight[] | null;
    };

/** Where the last position stands. */
export interface Position {
  /** Final-norm state, [1, D]. */
  readonly hidden: Tensor;
  /** Next-token logits, [V]. */
  readonly logits: Float32Array;
}

export interface ThoughtOptions extends ControlOptions {
  readonly thought: Thought;
  /** How many steps the run allows. */
  readonly steps: number;
}

/** Filters of the mixture, and Cold Stop. */
export interface SoftSettings {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** Tokens in the mixture at most. */
  readonly mixed: number;
  /** Cold Stop: thinking ends after this many steps in a row … */
  readonly coldSteps: number;
  /** … with an entropy below this, nats. */
  readonly coldEntropy: number;
}

/** The published numbers (readme.md of the authors' code, for QwQ-32B). */
export const softSettings: SoftSettings = { temperature: 0.6, topK: 30, topP: 0.95, minP: 0.001, mixed: 10, coldSteps: 256, coldEntropy: 0.01 };

/** Gumbel-softmax temperature τ (scripts/st/qwq32b_gumble.sh of the same code). */
export const gumbelTemperature = 0.5;

export interface InputSettings {
  /** Weight of the sampled token against the distribution. */
  readonly beta: number;
  /** How many of the likeliest tokens stand for the distribution. */
  readonly candidates: number;
  /** Of the sampled token. */
  readonly temperature: number;
  readonly topP: number;
}

/** β and the 20 candidates are the code's defaults, the sampling that of its example/aime.sh. */
export const inputSettings: InputSettings = { beta: 1, candidates: 20, temperature: 0.6, topP: 0.8 };

export interface SwitchSettings {
  /** Least steps with tokens before it may go back to mixtures. */
  readonly window: number;
  /** α₀: share of the mixture beside `<think>` on going over to mixtures, growing to 1. */
  readonly alpha: number;
  /** β₀: share of the mixture beside `</think>` on going over to tokens, growing to 1. */
  readonly beta: number;
  /** Share of the line break in the first mixture. */
  readonly lineBreak: number;
  /** How many of the likeliest tokens stand for p. */
  readonly candidates: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
}

/** Published but for `window` (512) and `candidates` (all): α₀ for Qwen3-1.7B on GSM8K, β₀ and the sampling from the code. */
export const switchSettings: SwitchSettings = { window: 4, alpha: 0.6, beta: 0.7, lineBreak: 0.1, candidates: 256, temperature: 0.6, topK: 20, topP: 0.95 };

/**
 * One loop of latent thinking: call it once for each step.
 *
 * @returns  the input of step number `index`; null where the thinking ends
 */
export function thinking(decoder: Decoder, options: ThoughtOptions): (at: Position, index: number) => Promise<Fed | null> {
  const { thought } = options;
  switch (thought) {
    case "hidden":
      return async ({ hidden }) => bare(hidden);
    case "rescaled":
      return async ({ hidden }) => ({ kind: "vector", vector: rescaled(hidden, decoder.embeddingNorm), reads: hidden, weights: null });
    case "soft":
      return softly(decoder, (weights) => weights);
    case "gumbel":
      return softly(decoder, (weights) => gumbelWeights(weights, options.random));
    case "mixture":
      return async ({ logits }) => {
        const { temperature, topP } = inputSettings;
        const token = sampleFrom(nucleus(tempered(logits, temperature), topP), options.random);
        return ends(decoder.tokenizer, token) ? null : mixed(decoder, inputWeights(logits, token));
      };
    case "switch":
      return switching(decoder, options);
    default:
      return async ({ hidden }, index) => bare(await controlThought(decoder, thought satisfies ThoughtControl, hidden, index, options));
  }
}

function bare(vector: Tensor): Fed {
  return { kind: "vector", vector, reads: vector, weights: null };
}

async function mixed(decoder: Decoder, weights: readonly Weight[]): Promise<Fed> {
  const vector = await mixedRows(decoder, weights);
  return { kind: "vector", vector, reads: vector, weights };
}

/**
 * Σ wᵢ Eᵢ, summed in float64: with one token of weight 1 the row itself, bit for bit.
 *
 * @param weights  at least one
 * @returns        [1, D]
 */
export async function mixedRows(decoder: Pick<Decoder, "embed">, weights: readonly Weight[]): Promise<Tensor> {
  const rows = await decoder.embed(weights.map(({ token }) => token));
  const d = rows.shape[1]!;
  const sum = Float64Array.from(row(rows, 0), (x) => weights[0]!.weight * x);
  for (let k = 1; k < weights.length; k++) {
    const { weight } = weights[k]!;
    const next = row(rows, k);
    for (let i = 0; i < d; i++) sum[i] = sum[i]! + weight * next[i]!;
  }
  return tensor([1, d], Float32Array.from(sum));
}

/**
 * LatentMAS: h · mean‖E‖ / ‖h‖. Its alignment matrix Wₐ = (UᵀU + λI)⁻¹UᵀE, with U
 * the head, is the identity up to λ where head and embedding are tied, and the
 * authors' code leaves it out unless asked. What is left is the norm, and it matters:
 * the final norm's weights say how long h is, and nothing ties them to the rows' length.
 *
 * @param hidden  [1, D]
 * @param length  mean norm of the embedding rows
 */
export function rescaled(hidden: Tensor, length: number): Tensor {
  // The floor is the authors'; it keeps a state of zeros from becoming NaN.
  const scale = length / Math.max(norm(hidden.data), 1e-6);
  return tensor(hidden.shape, hidden.data.map((x) => x * scale));
}

interface Filter {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP?: number;
}

/**
 * softmax(z / T), of which the K likeliest are kept, then of these the fewest with a
 * sum of at least P, then of these all of at least `minP` times the best; each time
 * what is left is brought to sum 1. Best first.
 */
function filtered(logits: ArrayLike<number>, { temperature, topK, topP, minP = 0 }: Filter): Weight[] {
  const best = toSumOne(likeliest(tempered(logits, temperature), topK));
  const inside = toSumOne(fewest(best, topP) ?? best);
  return toSumOne(inside.filter(({ weight }) => weight > 0 && weight >= minP * inside[0]!.weight));
}

/** The fewest tokens of a distribution with a sum of at least P, brought to sum 1; best first. */
function nucleus(logprobs: ArrayLike<number>, topP: number): Weight[] {
  // A few tokens nearly always do, and all of a vocabulary are slow to sort.
  for (let n = 256; n < logprobs.length; n *= 16) {
    const found = fewest(likeliest(logprobs, n), topP);
    if (found) return toSumOne(found);
  }
  const all = likeliest(logprobs, logprobs.length);
  return toSumOne(fewest(all, topP) ?? all);
}

/** The first weights with a sum of at least P; null where all together have less. */
function fewest(weights: readonly Weight[], topP: number): Weight[] | null {
  let sum = 0;
  const last = weights.findIndex(({ weight }) => (sum += weight) >= topP);
  return last < 0 ? null : weights.slice(0, last + 1);
}

/** ln softmax(z / T) */
function tempered(logits: ArrayLike<number>, temperature: number): Float64Array {
  // A loop: Float64Array.from with a function takes four times as long, and vocabularies are large.
  const scaled = new Float64Array(logits.length);
  for (let i = 0; i < scaled.length; i++) scaled[i] = logits[i]! / temperature;
  return logSoftmax(scaled);
}

function likeliest(logprobs: ArrayLike<number>, n: number): Weight[] {
  // Insertion is quick for few of many.
  const ids = n <= 1024 ? largest(logprobs, n) : Array.from(logprobs, (_, i) => i).sort((a, b) => logprobs[b]! - logprobs[a]! || a - b).slice(0, n);
  return ids.map((token) => ({ token, weight: Math.exp(logprobs[token]!) }));
}

function toSumOne(weights: readonly Weight[]): Weight[] {
  const sum = weights.reduce((total, { weight }) => total + weight, 0);
  return weights.map(({ token, weight }) => ({ token, weight: weight / sum }));
}

/** Best first; of equals the lower id. */
function bestFirst(weights: readonly Weight[]): Weight[] {
  return [...weights].sort((a, b) => b.weight - a.weight || a.token - b.token);
}

function sampleFrom(weights: readonly Weight[], random: Random): number {
  return weights[sample(weights.map(({ weight }) => Math.log(weight)), 1, random)]!.token;
}

/** The filtered distribution's ten best, brought to sum 1. */
export function softWeights(logits: ArrayLike<number>, settings: SoftSettings = softSettings): Weight[] {
  return toSumOne(filtered(logits, settings).slice(0, settings.mixed));
}

/**
 * softmax((ln w + G) / τ) over the tokens of a mixture, with G = −ln(−ln U) for each:
 * the Gumbel-softmax of Jang et al. 2016, arXiv:1611.01144. Best first.
 */
export function gumbelWeights(weights: readonly Weight[], random: Random, temperature: number = gumbelTemperature): Weight[] {
  const noisy = weights.map(({ weight }) => {
    // 1 − U lies in (0, 1], so that the inner logarithm is finite; a 1 would give an infinite G.
    const exponential = Math.max(-Math.log(1 - random.uniform()), Number.MIN_VALUE);
    return (Math.log(weight) - Math.log(exponential)) / temperature;
  });
  const logprobs = logSoftmax(noisy);
  return bestFirst(weights.map(({ token }, i) => ({ token, weight: Math.exp(logprobs[i]!) })));
}

/**
 * Soft Thinking. Cold Stop looks at softmax(z / T) before it is filtered: below
 * `coldEntropy` for `coldSteps` steps in a row the model has nothing left to
 * weigh, and the thinking ends (the authors then insert `</think>`; here comes the cue).
 */
export function softly(decoder: Decoder, noise: (weights: Weight[]) => Weight[], settings: SoftSettings = softSettings): (at: Position) => Promise<Fed | null> {
  let cold = 0;
  return async ({ logits }) => {
    cold = entropy(tempered(logits, settings.temperature)) < settings.coldEntropy ? cold + 1 : 0;
    if (cold >= settings.coldSteps) return null;
    const weights = noise(softWeights(logits, settings));
    return ends(decoder.tokenizer, weights[0]!.token) ? null : mixed(decoder, weights);
  };
}

/**
 * Mixture of Inputs. With p the softmax of the n likeliest log-probabilities, y the
 * sampled token and Ĥ = H(p) / ln n:
 *
 *   w = Ĥ (p + β 1ᵧ) / (1 + β) + (1 − Ĥ) 1ᵧ
 *
 * in the code's form. The temperature is in y only.
 * Where y is none of the n, the code's first 1ᵧ is empty and its weights add up to
 * less than one; here it counts, so that they add up to one.
 */
export function inputWeights(logits: ArrayLike<number>, sampled: number, settings: Pick<InputSettings, "beta" | "candidates"> = inputSettings): Weight[] {
  const { beta } = settings;
  const n = Math.min(settings.candidates, logits.length);
  const p = toSumOne(likeliest(logSoftmax(logits), n));
  const h = n > 1 ? entropy(p.map(({ weight }) => Math.log(weight))) / Math.log(n) : 0;
  const own = (h * beta) / (1 + beta) + (1 - h);
  const rest = p.filter(({ token }) => token !== sampled);
  const before = p.find(({ token }) => token === sampled)?.weight ?? 0;
  const weights = [{ token: sampled, weight: (h * before) / (1 + beta) + own }, ...rest.map(({ token, weight }) => ({ token, weight: (h * weight) / (1 + beta) }))];
  return bestFirst(weights.filter(({ weight }) => weight > 0));
}

/** Tokens or mixtures: which, and whether it has just changed. */
export interface SwitchState {
  readonly mode: "soft" | "hard";
  readonly entered: boolean;
}

/**
 * SwiReasoning's rule. It starts with mixtures. The reference entropy is that of
 * the first step, and is taken anew at each switch. Mixtures give way to tokens as
 * soon as the entropy falls below the reference; tokens to mixtures when it rises
 * above it, and no sooner than `window` steps after the last switch.
 */
export class EntropySwitch {
  private mode: SwitchState["mode"] = "soft";
  private reference: number | null = null;
  private stayed = 0;

  constructor(private readonly window: number) {}

  /** @param entropy  of the prediction at this step, nats */
  next(entropy: number): SwitchState {
    if (this.reference === null) {
      this.reference = entropy;
      return { mode: "soft", entered: false };
    }
    this.stayed++;
    const entered = this.mode === "soft" ? entropy < this.reference : entropy > this.reference && this.stayed >= this.window;
    if (entered) {
      this.mode = this.mode === "soft" ? "hard" : "soft";
      this.reference = entropy;
      this.stayed = 0;
    }
    return { mode: this.mode, entered };
  }
}

/**
 * A short-window form of SwiReasoning. With p the raw softmax(z), t of T steps:
 *
 *   soft                  Σ pᵢ Eᵢ;  the first of all 0.9 Σ pᵢ Eᵢ + 0.1 E[line break]
 *   entering soft         α Σ pᵢ Eᵢ + (1 − α) E[<think>],   α = α₀ + (1 − α₀) t / T
 *   hard                  E[y], y sampled
 *   entering hard         β Σ pᵢ Eᵢ + (1 − β) E[</think>],  β = β₀ + (1 − β₀) t / T (as in the code, which mixes p and not y)
 *
 * It differs from the paper in that
 * - the window is 4 steps and not 512, and T the number of thoughts and not of all new tokens: a loop here has 8 to 32 steps;
 * - p stands for its 256 likeliest tokens, brought to sum 1, since the whole embedding table cannot be read at each step;
 * - `<think>`, `</think>` and the line break are mixed in only where the vocabulary writes each as one token; without `</think>` the first hard step is the token itself;
 * - the line break is meant: the code looks up a backslash and an n;
 * - digits and mathematical signs are not forced to be hard, and there is no budget of switches with its injected ends.
 * As there, a sampled `</think>` would lock it to tokens; here it ends the thinking.
 */
function switching(decoder: Decoder, { steps, random }: ThoughtOptions, settings: SwitchSettings = switchSettings): (at: Position, index: number) => Promise<Fed | null> {
  const { tokenizer } = decoder;
  const rule = new EntropySwitch(settings.window);
  const open = singleToken(tokenizer, "<think>");
  const close = singleToken(tokenizer, "</think>");
  const lineBreak = singleToken(tokenizer, "\n");
  return async ({ logits }, index) => {
    const logprobs = logSoftmax(logits);
    const { mode, entered } = rule.next(entropy(logprobs));
    const token = sampleFrom(filtered(logits, settings), random);
    if (ends(tokenizer, token)) return null;
    const p = toSumOne(likeliest(logprobs, settings.candidates));
    const grown = (first: number): number => first + ((1 - first) * index) / Math.max(1, steps);
    if (mode === "hard") return entered && close !== null ? mixed(decoder, withToken(p, close, 1 - grown(settings.beta))) : { kind: "token", token };
    if (index === 0) return mixed(decoder, withToken(p, lineBreak, settings.lineBreak));
    return mixed(decoder, withToken(p, entered ? open : null, 1 - grown(settings.alpha)));
  };
}

/** (1 − share) · w + share · 1ₜ, best first; w as it is where there is no such token. */
export function withToken(weights: readonly Weight[], token: number | null, share: number): Weight[] {
  if (token === null) return [...weights];
  const before = weights.find((other) => other.token === token)?.weight ?? 0;
  const rest = weights.filter((other) => other.token !== token).map((other) => ({ token: other.token, weight: (1 - share) * other.weight }));
  return bestFirst([{ token, weight: (1 - share) * before + share }, ...rest].filter(({ weight }) => weight > 0));
}

/** Whether the model would end its thinking, or all of it, with this token. */
function ends(tokenizer: Tokenizer, token: number): boolean {
  return tokenizer.endTokens.includes(token) || token === singleToken(tokenizer, "</think>");
}

/** The id of a text that the vocabulary writes as one token; else null. */
function singleToken(tokenizer: Tokenizer, text: string): number | null {
  const tokens = encoded(tokenizer, text);
  return tokens.length === 1 ? tokens[0]! : null;
}
