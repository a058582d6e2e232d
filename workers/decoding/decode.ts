/**
 * The four modes, written once over any Decoder.
 *
 *   direct, icl   prompt → cue → answer
 *   cot           prompt → tokens that the model produces → cue → answer
 *   latent        prompt → vectors fed back (`thoughts.ts`) → cue → answer
 *
 * Every forward pass is shown to an observer: `run` makes a trace of it,
 * `accuracy` looks at nothing but the answer.
 *
 * Where a chain of thought ends. It ends at an end token, at `maxThinkingTokens`,
 * or where the text produced contains `stop`. If the whole of `stop` lies in the
 * last token and the cue begins with it, that token is left to the cue. If a part
 * of it was fed already (a stop of several tokens), the last token is fed too, and
 * the cue goes on behind it. Without `stop` and cue, what was produced is the answer.
 *
 * Where an answer ends: at an end token, at `maxAnswerTokens`, and in a chat behind
 * the first full stop, question mark, exclamation mark or line break, since an
 * instruct model goes on to explain itself.
 */
import { logSoftmax } from "../../probes/lens/softmax.ts";
import { Random } from "../../probes/random.ts";
import { row } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { Step } from "../../probes/trace.ts";
import type { Decoder, Forward, RunRequest } from "../engine.ts";
import { Interventions, playedThoughts } from "./interventions.ts";
import { commonStart } from "./prepare.ts";
import type { Prepared } from "./prepare.ts";
import { greedy, sample } from "./sampling.ts";
import type { Pulse } from "./stopping.ts";
import { thinking } from "./thoughts.ts";
import type { Fed } from "./thoughts.ts";

/** One forward pass of n positions. */
export interface Pass {
  readonly phase: Step["phase"];
  /** Tokens that went in, [n]; null where vectors did. */
  readonly tokens: readonly number[] | null;
  /** Vectors that went in, [n, D]; null where tokens did. */
  readonly vectors: Tensor | null;
  /** What a latent step fed in; null for other steps. */
  readonly fed: Fed | null;
  /** Log-probability (nats) of the one token that went in, under the prediction before; null where it was given. */
  readonly logprob: number | null;
  readonly forward: Forward;
  readonly milliseconds: number;
}

export interface Decoded {
  readonly tokens: readonly number[];
  readonly text: string;
  /** Of the first token that the model gave, nats. */
  readonly logprob: number;
  /** Of the right answer's first token at the same place, nats; null where none is known. */
  readonly expectedLogprob: number | null;
  /** First position that an intervention altered; null where none did. */
  readonly branch: number | null;
}

export interface DecodeOptions {
  readonly capture: boolean;
  /** Tokens whose keys and values are in the decoder's cache from an earlier run; those in common are not computed again. */
  readonly cached: readonly number[];
  readonly observe: (pass: Pass) => Promise<void> | void;
  readonly pulse: Pulse;
}

/** Logits of a long prompt over a large vocabulary are computed in pieces of at most this many numbers. */
const largestPass = 1 << 24;

export async function decode(decoder: Decoder, request: RunRequest, prepared: Prepared, options: DecodeOptions): Promise<Decoded> {
  const { pulse } = options;
  const { tokenizer } = decoder;
  const seeded = new Random(request.seed);
  const interventions = new Interventions(decoder, request, seeded.fork("interventions"));
  let last: Forward | null = null;

  const pass = async (input: readonly number[] | Tensor, phase: Step["phase"], logprob: number | null = null, fed: Fed | null = null): Promise<void> => {
    await pulse.beat();
    const edits = interventions.edits(decoder.length, "shape" in input ? input.shape[0]! : input.length);
    const start = performance.now();
    last = await decoder.forward(input, { capture: options.capture, ...(edits.length > 0 ? { edits } : {}) });
    const milliseconds = performance.now() - start;
    const vectors = "shape" in input ? input : null;
    await options.observe({ phase, tokens: "shape" in input ? null : input, vectors, fed, logprob, forward: last, milliseconds });
  };
  const prefill = async (tokens: readonly number[], phase: Step["phase"]): Promise<void> => {
    const rows = Math.max(1, Math.floor(largestPass / decoder.spec.vocabSize));
    for (let i = 0; i < tokens.length; i += rows) await pass(tokens.slice(i, i + rows), phase);
  };
  const logits = (): Float32Array => lastRow(last!.logits);

  // The other problem goes first, and leaves nothing behind but its thoughts.
  const swapped = prepared.other ? await thoughtsOf(decoder, prepared.other, prepared.thoughts, pulse) : [];
  const known = prepared.other ? 0 : Math.min(commonStart(options.cached, prepared.tokens), prepared.tokens.length - 1, decoder.length, interventions.firstEdited);
  await decoder.rewind(known);
  await prefill(prepared.tokens.slice(known), "prompt");

  let cue = prepared.cue;
  if (request.mode === "latent") {
    const random = seeded.fork("thoughts");
    const next = thinking(decoder, { thought: request.thought, steps: prepared.thoughts, noise: request.noise, random, swapped });
    const thought = async (index: number): Promise<Fed | null> => {
      const hidden = { shape: [1, decoder.spec.hiddenSize], data: lastRow(last!.finalNorm).slice() };
      return next({ hidden, logits: logits() }, index);
    };
    const feed = async (own: Fed, index: number): Promise<void> => {
      const fed = await interventions.thought(own, index);
      if (fed.kind === "token") await pass([fed.token], "thought", logSoftmax(logits())[fed.token], fed);
      else await pass(fed.vector, "thought", null, fed);
    };
    if (interventions.reorders) {
      const [behind, asked] = [decoder.length, last!];
      const own: Fed[] = [];
      for (let i = 0; i < prepared.thoughts; i++) {
        const fed = await thought(i);
        if (fed === null) break;
        own.push(fed);
        await pulse.beat();
        last = await decoder.forward(fed.kind === "token" ? [fed.token] : fed.vector);
      }
      await decoder.rewind(behind);
      last = asked;
      const played = playedThoughts(request.interventions ?? [], own.length);
      const moved = played.findIndex((index, i) => index !== i);
      if (moved >= 0 || played.length < own.length) interventions.note(behind + (moved >= 0 ? moved : played.length));
      for (const index of played) await feed(own[index]!, index);
    } else {
      for (let i = 0; i < prepared.thoughts; i++) {
        const fed = await thought(i);
        if (fed === null) break;
        await feed(fed, i);
      }
    }
  } else if (request.mode === "cot") {
    const random = seeded.fork("sampling");
    const produced: number[] = [];
    const first = logSoftmax(logits());
    const longest = Math.min(request.maxThinkingTokens, interventions.truncation ?? Infinity);
    const stops = (token: number): boolean => !!request.stop && tokenizer.decode([...produced, token]).includes(request.stop);
    for (let text = ""; produced.length < longest; ) {
      const own = sample(logits(), request.temperature, random);
      const given = interventions.token(produced.length, own, logits(), stops);
      const token = given ?? own;
      if (tokenizer.endTokens.includes(token)) break;
      const longer = tokenizer.decode([...produced, token]);
      const found = request.stop === null || request.stop === "" ? -1 : longer.indexOf(request.stop);
      const rest = found >= 0 ? afterStop(request.cue, request.stop!) : null;
      if (rest !== null && found >= text.length) break;
      produced.push(token);
      text = longer;
      await pass([token], "thought", given === null ? logSoftmax(logits())[token] : null);
      if (found >= 0) {
        if (rest !== null) cue = tokenizer.encode(rest);
        break;
      }
    }
    if (produced.length === interventions.truncation) interventions.note(decoder.length);
    if (request.stop === null && request.cue === "") {
      return {
        tokens: produced,
        text: tokenizer.decode(produced).trim(),
        logprob: first[produced[0] ?? greedy(first)]!,
        expectedLogprob: prepared.answer === null ? null : first[prepared.answer]!,
        branch: interventions.branch,
      };
    }
  }
  if (cue.length > 0) await prefill(cue, "answer");

  const first = logSoftmax(logits());
  const answer: number[] = [];
  while (answer.length < request.maxAnswerTokens) {
    const token = greedy(logits());
    if (tokenizer.endTokens.includes(token)) break;
    answer.push(token);
    if (request.chat && /[\p{L}\p{N}].*?[.!?\n]/su.test(tokenizer.decode(answer))) break;
    if (answer.length < request.maxAnswerTokens) await pass([token], "answer", logSoftmax(logits())[token]);
  }
  return {
    tokens: answer,
    text: tokenizer.decode(answer).trim(),
    logprob: first[greedy(first)]!,
    expectedLogprob: prepared.answer === null ? null : first[prepared.answer]!,
    branch: interventions.branch,
  };
}

/** The latent thoughts that the model has on a prompt, [1, D] each. */
async function thoughtsOf(decoder: Decoder, prompt: readonly number[], thoughts: number, pulse: Pulse): Promise<Tensor[]> {
  await decoder.rewind(0);
  const out: Tensor[] = [];
  let input: readonly number[] | Tensor = prompt;
  for (let i = 0; i < thoughts; i++) {
    await pulse.beat();
    const { finalNorm }: Forward = await decoder.forward(input);
    const thought: Tensor = { shape: [1, decoder.spec.hiddenSize], data: lastRow(finalNorm).slice() };
    out.push(thought);
    input = thought;
  }
  return out;
}

/** What the cue says behind the stop with which it begins; null where it does not begin with it. */
function afterStop(cue: string, stop: string): string | null {
  const trimmed = cue.trimStart();
  return trimmed.startsWith(stop.trimStart()) ? trimmed.slice(stop.trimStart().length) : null;
}

/** The last row of [N, D]. */
function lastRow(t: Tensor): Float32Array<ArrayBuffer> {
  return row(t, t.shape[0]! - 1);
}
