/**
 * What an engine is. The page talks to an `Engine` over Comlink; inside the
 * worker an engine is a `Decoder`, and everything that differs between
 * transformers.js, WebLLM and the float64 reference fits behind it. Decoding
 * modes, controls and probes are written once, over `Decoder`.
 */
import type { Intervention, ResidualOperation } from "../probes/intervention.ts";
import type { JointStart } from "../probes/joint.ts";
import type { PopulationRow } from "../probes/population/row.ts";
import type { RunSize } from "../probes/run-size.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { DecodingMode, EngineRecord, Lens, ModelSpec, Step, Thought, Trace } from "../probes/trace.ts";

export interface Tokenizer {
  /** @throws EngineError where the text holds something that the vocabulary cannot express */
  encode(text: string): number[];
  decode(tokens: readonly number[]): string;
  /** One token as it is written, spaces and markers visible. */
  text(token: number): string;
  /** Ids that end a generated answer. */
  readonly endTokens: readonly number[];
  /** Renders one user message with the model's chat template, up to where the assistant begins; null where it has none. */
  chat(message: string): string | null;
}

/** What one forward pass returns for its T new positions. */
export interface Forward {
  /** Next-token logits, [T, V]. */
  readonly logits: Tensor;
  /** Residual stream, [T, L+1, D] as in `Activation`; null unless captured. */
  readonly residPost: Tensor | null;
  /** Output of the final norm, [T, D]. */
  readonly finalNorm: Tensor;
  /**
   * Attention after softmax, [T, L, H, S] over all S positions so far, 0 for later ones;
   * absent unless asked for, and from engines whose kernels keep it to themselves (all but the reference).
   */
  readonly attnPattern?: Tensor;
}

/** A change inside the network, at one position of one forward pass. Several at one place are made in their order. */
export interface ResidualEdit {
  /** 0 … L: the residual stream as it enters block `layer`; L as it enters the final norm. */
  readonly layer: number;
  /** Position among those of this pass. */
  readonly row: number;
  readonly operation: ResidualOperation;
  /** [D] */
  readonly vector: ArrayLike<number>;
}

export interface ForwardOptions {
  /** Keep the residual stream; left out: false. */
  readonly capture?: boolean;
  /** Return the attention pattern, where the engine can; left out: false. */
  readonly attention?: boolean;
  /** What is changed on the way; what is captured, and all that comes after, is as changed. */
  readonly edits?: readonly ResidualEdit[];
}

/** What an engine must be able to do. One sequence at a time, with a KV cache. */
export interface Decoder {
  readonly spec: ModelSpec;
  readonly tokenizer: Tokenizer;
  readonly record: EngineRecord;
  /** Mean L2 norm of the embedding rows; the scale that a fed-back vector is compared with. */
  readonly embeddingNorm: number;
  /** Positions in the KV cache. */
  readonly length: number;
  /** Input embeddings (layer 0), [T, D]. */
  embed(tokens: readonly number[]): Promise<Tensor>;
  /**
   * Pushes tokens, or vectors [T, D] in place of embeddings, through the network.
   *
   * @throws EngineError where a token is outside the vocabulary, the context is full, or an edit does not fit
   */
  forward(input: readonly number[] | Tensor, options?: ForwardOptions): Promise<Forward>;
  /** Logits of final-norm states, head · states: [N, D] → [N, V]. */
  unembed(states: Tensor): Promise<Tensor>;
  /** Logits of residual states, head · norm(states): [N, D] → [N, V]; the logit lens. */
  lens(states: Tensor): Promise<Tensor>;
  /** Forgets all but the first `length` positions. */
  rewind(length: number): Promise<void>;
  dispose(): Promise<void>;
}

/** Which model to load, and how. */
export interface ModelRequest {
  /** `embedded` is shipped with the page; `hub` names a Hugging Face repository; `folder` holds dropped files. */
  readonly source: "embedded" | "hub" | "folder";
  /** For WebLLM the repository is an MLC weight folder, for example `mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC`. */
  readonly id: string;
  /** Branch, tag or commit on the hub; resolved to a commit before anything is downloaded. */
  readonly revision?: string;
  /**
   * Which weights. transformers.js: the ONNX export `fp32`, `fp16`, `q8`, `q4`, `q4f16`, chosen from
   * what there is where it is left out. WebLLM: a folder holds one kind only; for embedded models `q0f32` or `q4f32_1`.
   */
  readonly dtype?: string;
  readonly device: "wasm" | "webgpu";
  /**
   * WebLLM: what runs the weights. `own` is our library for Llama-type models; a stock library is
   * named as in WebLLM's list, for example `SmolLM2-360M-Instruct-q4f32_1-MLC`. Left out: the one in a dropped folder, else `own` where it can, else the stock one.
   */
  readonly library?: string;
  /** For `folder`: the dropped files, by path inside the folder. */
  readonly files?: ReadonlyMap<string, File>;
}

export interface LoadProgress {
  readonly phase: "list" | "download" | "verify" | "upload" | "compile" | "check" | "ready";
  /** Bytes so far and in all, over all files. */
  readonly loaded: number;
  readonly total: number;
  /** Bytes per second over the last seconds; 0 until known. */
  readonly rate: number;
  /** Seconds left; null until known. */
  readonly secondsLeft: number | null;
}

/** The engine's check of itself after loading. Unchecked numbers never reach a chart: `load` rejects where one fails. */
export interface SelfCheck {
  /** max |layer 0 − embed(t)| */
  readonly embedding: number;
  /** max |head(norm(last layer)) − logits| */
  readonly head: number;
  /** max |logits after a latent step with embed(t) − logits after token t| */
  readonly latent: number;
  readonly tolerance: number;
}

/** What an engine can show of this model, and why it cannot show the rest. */
export interface TapVerdict {
  readonly residuals: boolean;
  readonly logits: boolean;
  readonly latent: boolean;
  /** How hidden states are read: from a spliced graph, by TVM's instrument, or from WebGPU's own objects. */
  readonly route: "graph" | "instrument" | "webgpu";
  /** Why something is missing, or why the usual route was not taken, in words for the page; null where all is as usual. */
  readonly reason: string | null;
}

export interface LoadReport {
  readonly spec: ModelSpec;
  readonly record: EngineRecord;
  readonly check: SelfCheck;
  /** Where each layer was found, for provenance: the names of the tensors that are read, [L+1]. */
  readonly tensors: readonly string[];
  readonly tap: TapVerdict;
  readonly bytes: number;
  readonly milliseconds: number;
}

/**
 * One run. The prompt is `context + question`, or with `chat` what the model's
 * template makes of it; then comes thinking, as the mode asks; then `cue` is fed
 * in; then the answer is read.
 */
export interface RunRequest {
  readonly mode: DecodingMode;
  /** What comes before the question proper: a graph, solved examples. */
  readonly context: string;
  /** The rest of the prompt. */
  readonly question: string;
  /**
   * Context and question are one message of a user: rendered with the model's chat
   * template up to where the assistant begins, or, where it has none, followed by a
   * line break. The answer then ends at its first full stop or line break. Left out: false.
   */
  readonly chat?: boolean;
  /** Fed in after thinking, to ask for the answer; "" where the prompt already does. */
  readonly cue: string;
  /** CoT: thinking ends where the model produces this text (it is not fed twice when the cue begins with it); null lets it run to the end of the answer. */
  readonly stop: string | null;
  /** CoT: the most tokens to think. */
  readonly maxThinkingTokens: number;
  /** Latent: how many steps are fed back; methods that mix tokens may end sooner, where the model does. */
  readonly thoughts: number;
  readonly thought: Thought;
  readonly noise: number;
  /** For `swapped`: the prompt (context and question) of the other problem. */
  readonly other: { readonly context: string; readonly question: string } | null;
  /** The most tokens of an answer. */
  readonly maxAnswerTokens: number;
  /** The right answer, or null. */
  readonly expected: string | null;
  readonly temperature: number;
  readonly seed: number;
  readonly problem: Trace["problem"];
  /** Keep hidden states and lens. */
  readonly capture: boolean;
  /** The layers whose hidden states are kept, rising; left out: all. The lens is of all layers in any case. */
  readonly layers?: readonly number[];
  /** Tokens kept per lens cell and per step. */
  readonly kept: number;
  /** A right chain of thought, where one is known: how long the run will be is told by it. */
  readonly reference?: string;
  /** What is done to the run on its way; left out or empty: nothing. */
  readonly interventions?: readonly Intervention[];
}

/** What a run will hold. The length of a chain of thought is that of the request's `reference`, or the most that is allowed. */
export interface RunPlan extends RunSize {
  readonly steps: number;
  /** The same where a chain of thought goes on as long as it may. */
  readonly most: number;
}

/** A step as it happens, with its share of the trace, so that the page can draw it live. */
export interface StepEvent {
  readonly step: Step;
  /** [L+1, D], or the kept layers; null unless captured. */
  readonly residPost: Tensor | null;
  /** Top tokens per layer, [L+1, K] ids and log-probabilities; null unless captured. */
  readonly lensTokens: Tensor | null;
  readonly lensLogprobs: Tensor | null;
  /** The texts of these tokens, by id. */
  readonly lensTexts: Lens["texts"];
}

/** One rate of the accuracy panel: the same held-out problems for every mode. */
export interface AccuracyRequest {
  readonly task: string;
  readonly variant: string | null;
  readonly shots: number;
  readonly cells: readonly AccuracyCell[];
  /** Problems per cell. */
  readonly problems: number;
  /** Seed of the first problem; problem i has seed `seed + i`. */
  readonly seed: number;
}

export interface AccuracyCell {
  readonly mode: DecodingMode;
  readonly difficulty: number;
  readonly thought: Thought;
  readonly noise: number;
  /** null: as many as the task's own rule says (one per hop or level). */
  readonly thoughts: number | null;
}

export interface AccuracyProgress {
  readonly cell: number;
  readonly correct: number;
  readonly answered: number;
}

/** The runs of a sweep: the same held-out problems in every cell of its grid. */
export interface SweepRequest {
  readonly task: string;
  readonly variant: string | null;
  readonly difficulty: number;
  readonly shots: number;
  readonly mode: DecodingMode;
  readonly thought: Thought;
  /** null: as many as the task's own rule says. */
  readonly thoughts: number | null;
  readonly problems: number;
  /** Seed of the first problem; problem i has seed `seed + i`. */
  readonly seed: number;
}

/** What a sweep varies. */
export type SweepGrid =
  /** Noise of each size on these thoughts (null: all of them); one cell per σ. */
  | { readonly kind: "noise"; readonly sigmas: readonly number[]; readonly thoughts: readonly number[] | null }
  /** Each of these replacements on each of these thoughts alone; one cell per pair, thoughts outermost. */
  | { readonly kind: "thoughts"; readonly thoughts: readonly number[]; readonly replacements: readonly ("argmax" | "mean" | "zero" | "skip" | "swapped")[] }
  /**
   * The residual stream patched, at one step and layer, from the run on another problem
   * of the same task; one cell per pair, steps outermost. Steps are counted from
   * the first one behind the prompt: −1 is the prompt's last token.
   */
  | { readonly kind: "patch"; readonly steps: readonly number[]; readonly layers: readonly number[] }
  /** Mode CoT: the chain ends after so many tokens, or this token of it is replaced by another one; one cell per number. */
  | { readonly kind: "chain"; readonly by: "truncate" | "corrupt"; readonly tokens: readonly number[] };

export interface SweepCell {
  /** Index in the grid; −1 for the unaltered runs. */
  readonly cell: number;
  readonly correct: number;
  readonly answered: number;
  /** Bounds of the share of right answers, Wilson's interval at 95 %; 0 and 1 where nothing is answered yet. */
  readonly low: number;
  readonly high: number;
  /** Mean change of the right answer's log-probability against the unaltered run of the same problem, nats; 0 for the unaltered runs. */
  readonly change: number;
  /** Bounds of that mean at 95 %, ± 1.96 s/√n; NaN below two problems. */
  readonly changeLow: number;
  readonly changeHigh: number;
}

/** Held-out problems, each run in every cell with its hidden states kept just long enough to be measured. */
export interface PopulationRequest {
  readonly task: string;
  readonly variant: string | null;
  readonly difficulty: number;
  readonly shots: number;
  readonly cells: readonly Omit<AccuracyCell, "difficulty">[];
  readonly problems: number;
  /** Seed of the first problem; problem i has seed `seed + i`. */
  readonly seed: number;
  /** What is measured, by probe id. */
  readonly probes: readonly string[];
  /** Where the path begins that is measured. */
  readonly start: JointStart;
  /** Times that each null is drawn per run; 0 leaves the nulls out. */
  readonly draws: number;
  /** The most steps of a run of which numbers are kept one by one. */
  readonly steps: number;
  /** Of so many problems the state that the answer is read from is kept. */
  readonly keepLast: number;
}

/** What the page sees, over Comlink. */
export interface Engine {
  load(model: ModelRequest, onProgress: (progress: LoadProgress) => void): Promise<LoadReport>;
  run(request: RunRequest, onSteps: (events: readonly StepEvent[]) => void): Promise<Trace>;
  /** How much a run will hold, before it is made. */
  size(request: RunRequest): Promise<RunPlan>;
  accuracy(request: AccuracyRequest, onProgress: (progress: AccuracyProgress) => void): Promise<AccuracyProgress[]>;
  /** Runs a grid of interventions; cells come in the grid's order, behind the unaltered runs. */
  sweep(request: SweepRequest, grid: SweepGrid, onProgress: (cell: SweepCell) => void): Promise<SweepCell[]>;
  /** Measures many runs; rows come as they are done, so that a stop leaves what there is. */
  population(request: PopulationRequest, onRows: (rows: readonly PopulationRow[]) => void): Promise<void>;
  /** Stops what is going on; its promise rejects with an `AbortError`. */
  stop(): void;
  dispose(): Promise<void>;
}

/** What went wrong, in the form `where: expected X, got Y; do Z`. Comlink carries name and message only: compare `error.name`. */
export class EngineError extends Error {
  override readonly name: string = "EngineError";
}

/** The engine is gone, with its device, its worker or its memory: whatever is asked of it fails until the model is loaded again. */
export class EngineLostError extends EngineError {
  override readonly name = "EngineLostError";
}

/** Thrown where `stop()` ended the work. */
export class AbortError extends Error {
  override readonly name = "AbortError";
}
