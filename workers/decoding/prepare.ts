/**
 * A request, checked once and encoded.
 *
 * The prompt is one text: context and question joined by a space (by nothing
 * where the context ends in white space, as chat templates do). A tokenizer may
 * merge across that boundary, so the joined text is encoded, and the question
 * starts where its tokens part from those of the context alone. `encode` must
 * add no special tokens of its own: those that a model needs stand in the text.
 *
 * In a chat that text is the user's message, and the prompt what the model's
 * template makes of it, up to where the assistant begins; a model without a
 * template gets the message and a line break. The question is found again inside:
 * it starts where the tokens part from those of the rendered text up to the end of the context.
 */
import { decodingModes, thoughts as thoughtKinds } from "../../probes/trace.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, RunRequest, Tokenizer } from "../engine.ts";
import { checkInterventions, playedThoughts } from "./interventions.ts";

export interface Prepared {
  readonly prompt: string;
  readonly tokens: readonly number[];
  readonly questionStart: number;
  readonly cue: readonly number[];
  /** Vectors to feed back; 0 for the control `none`. */
  readonly thoughts: number;
  /** Prompt of the other problem, for `swapped`; else null. */
  readonly other: readonly number[] | null;
  /** First token of the right answer; null where none is known. */
  readonly answer: number | null;
}

/** @throws EngineError where the request asks for what cannot be run */
export function prepare(decoder: Decoder, request: RunRequest): Prepared {
  checkChoices(request);
  checkNumbers(request);
  checkLayers(request, decoder.spec.layers);
  const { tokenizer } = decoder;
  const latent = request.mode === "latent";
  const { prompt, before } = written(tokenizer, request, request);
  const tokens = tokenizer.encode(prompt);
  if (tokens.length === 0) throw fault("a prompt", "an empty one", "write a question");
  const cue = tokenizer.encode(request.cue);
  const thoughts = latent && request.thought !== "none" ? request.thoughts : 0;
  checkInterventions(decoder, request, { prompt: tokens.length, thoughts, cue: cue.length });
  // Repeated thoughts need room as well.
  const thinking = request.mode === "cot" ? request.maxThinkingTokens : Math.max(thoughts, playedThoughts(request.interventions ?? [], thoughts).length);
  const longest = decoder.spec.contextLength;
  checkLength(longest, tokens.length, thinking, cue.length, request.maxAnswerTokens);

  let other: readonly number[] | null = null;
  if (latent && request.thought === "swapped") {
    if (!request.other) throw fault("another problem whose thoughts are swapped in", "none", "set `other`");
    other = tokenizer.encode(written(tokenizer, request, request.other).prompt);
    if (other.length === 0) throw fault("a prompt of the other problem", "an empty one", "write its question");
    checkLength(longest, other.length, thoughts, 0, 0);
  }
  return {
    prompt,
    tokens,
    questionStart: commonStart(tokens, tokenizer.encode(before)),
    cue,
    thoughts,
    other,
    answer: request.expected === null ? null : continuation(tokenizer, request.cue === "" ? prompt : request.cue, request.expected),
  };
}

function checkLayers({ layers }: RunRequest, most: number): void {
  if (!layers) return;
  const rising = layers.every((layer, i) => Number.isInteger(layer) && layer >= 0 && layer <= most && (i === 0 || layer > layers[i - 1]!));
  if (!rising || layers.length === 0) throw fault(`layers to keep, rising, from 0 to ${most}`, layers.join(", ") || "none", "name some, or leave them out to keep all");
}

function checkChoices(request: RunRequest): void {
  if (!decodingModes.includes(request.mode)) throw fault(`a mode among ${decodingModes.join(", ")}`, String(request.mode), "choose one of these");
  if (!thoughtKinds.includes(request.thought)) throw fault(`a thought among ${thoughtKinds.join(", ")}`, String(request.thought), "choose one of these");
  if (request.mode !== "latent" && request.thoughts > 0) {
    throw fault(`no latent thoughts in mode ${request.mode}`, String(request.thoughts), "set thoughts to 0, or choose mode latent");
  }
}

function checkNumbers(request: RunRequest): void {
  const whole = (name: "thoughts" | "maxThinkingTokens" | "maxAnswerTokens" | "kept", least: number): void => {
    const value = request[name];
    if (!Number.isSafeInteger(value) || value < least) throw fault(`${name} to be a whole number from ${least} up`, String(value), `set ${name} to ${least} or more`);
  };
  whole("thoughts", 0);
  whole("maxThinkingTokens", 0);
  whole("maxAnswerTokens", 1);
  whole("kept", 1);
  for (const name of ["noise", "temperature"] as const) {
    const value = request[name];
    if (!Number.isFinite(value) || value < 0) throw fault(`${name} to be a number from 0 up`, String(value), `set ${name} to 0 or more`);
  }
  if (!Number.isSafeInteger(request.seed)) throw fault("seed to be a whole number", String(request.seed), "choose one such as 1");
}

/** The last token of an answer is read from logits and not fed in, hence the − 1. */
function checkLength(longest: number, prompt: number, thinking: number, cue: number, answer: number): void {
  const needed = prompt + thinking + cue + Math.max(0, answer - 1);
  if (needed <= longest) return;
  throw fault(
    `at most ${longest} positions, the model's context`,
    `${needed} (prompt ${prompt}, thinking up to ${thinking}, cue ${cue}, answer up to ${answer})`,
    "shorten the prompt or allow fewer tokens",
  );
}

/** From Unicode's private use area. */
const marker = "\uE000";

/** The prompt, and the part of it that comes before the question. */
function written(tokenizer: Tokenizer, { chat = false }: Pick<RunRequest, "chat">, text: Pick<RunRequest, "context" | "question">): { prompt: string; before: string } {
  const message = joined(text);
  if (!chat) return { prompt: message, before: text.context };
  // Templates may trim a message. Where it stands is seen from that of a character that no template holds.
  const trimmed = message.trim();
  if (trimmed === "") throw fault("a prompt", "an empty one", "write a question");
  const prompt = tokenizer.chat(trimmed) ?? `${trimmed}\n`;
  const at = Math.max(0, tokenizer.chat(marker)?.indexOf(marker) ?? 0);
  if (!prompt.startsWith(trimmed, at)) throw fault("a chat template that keeps the message as it is", "one that changes it", "switch the chat template off");
  return { prompt, before: prompt.slice(0, at + text.context.trimStart().length) };
}

function joined({ context, question }: Pick<RunRequest, "context" | "question">): string {
  return context === "" || question === "" || /\s$/.test(context) ? `${context}${question}` : `${context} ${question}`;
}

/**
 * The token with which the answer begins after the given text. A BPE vocabulary
 * writes a word after a space with another token than one at the start of a text.
 */
function continuation(tokenizer: Tokenizer, text: string, answer: string): number | null {
  const before = tokenizer.encode(text);
  const after = tokenizer.encode(/\s$/.test(text) ? `${text}${answer}` : `${text} ${answer}`);
  const merges = commonStart(before, after) < before.length;
  return (merges ? tokenizer.encode(answer)[0] : after[before.length]) ?? null;
}

/** How many tokens two lists have in common at their start. */
export function commonStart(a: readonly number[], b: readonly number[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

function fault(expected: string, got: string, advice: string): EngineError {
  return new EngineError(`run: expected ${expected}, got ${got}; ${advice}`);
}
