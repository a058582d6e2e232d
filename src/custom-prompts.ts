/** Prompts that the reader typed in place of a task's; they stay out of the address. */
import type { DecodingMode, Thought } from "../probes/trace.ts";
import type { RunRequest } from "../workers/engine.ts";
import type { Settings } from "./settings.ts";

export interface CustomPrompts {
  readonly expected: string;
  readonly prompts: Readonly<Record<DecodingMode, { readonly question: string; readonly cue: string; readonly stop: string }>>;
  readonly thoughts: number;
  readonly maxThinkingTokens: number;
  readonly maxAnswerTokens: number;
  /** Rendered as one message with the model's chat template, where it has one. */
  readonly chat: boolean;
}

/** The prompt of one mode as a request. */
export function customRequest(custom: CustomPrompts, mode: DecodingMode, thought: Thought, settings: Settings): RunRequest {
  const prompt = custom.prompts[mode];
  return {
    mode,
    context: "",
    question: prompt.question,
    cue: prompt.cue,
    stop: prompt.stop === "" ? null : prompt.stop,
    maxThinkingTokens: custom.maxThinkingTokens,
    thoughts: mode === "latent" ? custom.thoughts : 0,
    thought,
    noise: thought === "noise" ? settings.noise : 0,
    other: thought === "swapped" ? { context: "", question: custom.prompts.direct.question } : null,
    maxAnswerTokens: custom.maxAnswerTokens,
    expected: custom.expected === "" ? null : custom.expected,
    temperature: settings.temperature,
    seed: settings.seed,
    problem: null,
    capture: true,
    kept: 5,
    ...(custom.chat ? { chat: true } : {}),
  };
}
