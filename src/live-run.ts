/**
 * A run while it happens. Steps arrive one by one; the page draws them at once
 * from here, through the same `Trace` that the finished run will be.
 */
import { concatenate, tensor, type Tensor } from "../probes/tensor.ts";
import { type Answer, type DecodingMode, decodingModes, type Lens, type Step, type Thought, type ThoughtControl, thoughtControls, type Trace } from "../probes/trace.ts";
import type { RunRequest, StepEvent } from "../workers/engine.ts";

/** The four modes, beside the latent loop at most one control, and at most one run that the reader has altered. */
export type RunKey = DecodingMode | "control" | "altered";
export const runKeys: readonly RunKey[] = [...decodingModes, "control", "altered"];

/** Whether a thought stands in for the model's own, to see if the answer survives it. */
export function isControl(thought: Thought): thought is ThoughtControl {
  return thoughtControls.some((control) => control === thought);
}

export type RunStatus = "waiting" | "running" | "done" | "failed" | "stopped";

/** Runs made so far. */
let made = 0;

export class LiveRun {
  /** Tells runs apart that ask the same. */
  readonly id = ++made;
  status: RunStatus = "waiting";
  error = "";
  /** The finished trace; null while the run is going on. */
  trace: Trace | null = null;
  /** The file's name, where the run was opened and not made. */
  openedFrom: string | null = null;
  /** Grows with every step; lets a view see that there is something new. */
  revision = 0;

  private readonly events: StepEvent[] = [];

  constructor(
    readonly request: RunRequest,
    private readonly base: Pick<Trace, "model" | "engine">,
  ) {}

  /** A run read from a file. */
  static opened(trace: Trace, name: string): LiveRun {
    const run = new LiveRun(requestOf(trace), trace);
    run.trace = trace;
    run.status = "done";
    run.openedFrom = name;
    return run;
  }

  get mode(): DecodingMode {
    return this.request.mode;
  }

  get thought(): Thought {
    return this.request.thought;
  }

  get isControl(): boolean {
    return this.mode === "latent" && isControl(this.thought);
  }

  /** Something was done to it on its way. */
  get isAltered(): boolean {
    return (this.request.interventions?.length ?? 0) > 0;
  }

  get steps(): readonly Step[] {
    return this.trace?.steps ?? this.events.map((event) => event.step);
  }

  get answer(): Answer | null {
    return this.trace?.answer ?? null;
  }

  /** The steps of one forward pass. */
  append(events: readonly StepEvent[]): void {
    this.events.push(...events);
    this.revision++;
  }

  finish(trace: Trace): void {
    this.trace = trace;
    this.status = "done";
    this.revision++;
    this.events.length = 0;
  }

  fail(error: Error): void {
    this.status = error.name === "AbortError" ? "stopped" : "failed";
    this.error = error.message;
    this.revision++;
  }

  /** Will not be run any more; what has begun already has its own end. */
  abandon(): void {
    if (this.status === "waiting") this.status = "stopped";
  }

  /** The trace so far, without an answer while there is none; null before the first captured step. */
  snapshot(): Trace | null {
    if (this.trace) return this.trace;
    const resid = this.events.flatMap((event) => (event.residPost ? [event.residPost] : []));
    if (resid.length === 0 || resid.length < this.events.length) return null;
    const steps = this.events.map((event) => event.step);
    const stacked = stack(resid);
    return {
      ...this.base,
      mode: this.request.mode,
      thought: this.request.mode === "latent" ? this.request.thought : null,
      noise: this.request.noise,
      prompt: `${this.request.context} ${this.request.question}`.trim(),
      problem: this.request.problem,
      seed: this.request.seed,
      temperature: this.request.temperature,
      questionStart: this.questionStart(),
      steps,
      answer: { tokens: [], text: "", logprob: Number.NaN, expected: this.request.expected, expectedLogprob: null, correct: null },
      activations: { residPost: stacked, finalNorm: tensor([steps.length, stacked.shape[2] ?? 0]), ...(this.request.layers ? { layers: this.request.layers } : {}) },
      lens: this.partialLens(),
      created: "",
    };
  }

  /** First step of the question proper. */
  questionStart(): number {
    if (this.trace) return this.trace.questionStart;
    const words = this.request.context.trim();
    return words === "" ? 0 : Math.min(words.split(/\s+/).length, Math.max(0, this.events.length - 1));
  }

  private partialLens(): Lens | null {
    const tokens = this.events.flatMap((event) => (event.lensTokens ? [event.lensTokens] : []));
    const logprobs = this.events.flatMap((event) => (event.lensLogprobs ? [event.lensLogprobs] : []));
    if (tokens.length < this.events.length || logprobs.length < this.events.length) return null;
    const all = stack(tokens);
    const [t = 0, layers = 0, kept = 0] = all.shape;
    const unknown = (): Tensor => tensor([t, layers], new Float32Array(t * layers).fill(Number.NaN));
    const texts = new Map(this.events.flatMap((event) => event.lensTexts));
    return { kept, texts: [...texts], tokens: all, logprobs: stack(logprobs), entropy: unknown(), answerLogprob: unknown() };
  }
}

/** [A, B] tensors of T steps → [T, A, B]. */
function stack(parts: readonly Tensor[]): Tensor {
  return concatenate(parts.map((part) => ({ shape: [1, ...part.shape], data: part.data })));
}

/** The request that a trace answers, as far as the record tells. */
function requestOf(trace: Trace): RunRequest {
  return {
    mode: trace.mode,
    context: "",
    question: trace.prompt,
    cue: "",
    stop: null,
    maxThinkingTokens: 0,
    thoughts: trace.steps.filter((s) => s.phase === "thought" && s.token === null).length,
    thought: trace.thought ?? "hidden",
    noise: trace.noise,
    other: null,
    maxAnswerTokens: trace.answer.tokens.length,
    expected: trace.answer.expected,
    temperature: trace.temperature,
    seed: trace.seed,
    problem: trace.problem,
    capture: true,
    kept: trace.lens?.kept ?? 5,
    ...(trace.interventions ? { interventions: trace.interventions } : {}),
  };
}
