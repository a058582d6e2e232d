/** What the tasks in plain English have in common: how they ask, cue and solve. */
import type { DecodingMode } from "../../trace.ts";
import type { Prompt } from "../task.ts";

/** With this the assistant's answer begins, and a chain of thought ends. */
export const answerCue = "The answer is";

/** Latent steps where the reader chooses no other number: no model was trained for these, so none is the right one. */
const latentSteps = 8;
export const maxLatentSteps = 32;

/** Tokens of a chain of thought: some for each sentence that is needed, and some to come to the point. */
const tokensPerStep = 24;
const tokensAtLeast = 64;
const tokensAtMost = 160;

/** A problem in sentences. */
export interface Story {
  /** What is told before the question. */
  readonly told: string;
  readonly asked: string;
  /** What the answer is, for example `a name`. */
  readonly kind: string;
  /** Each step of the way in a sentence. */
  readonly steps: readonly string[];
}

/** A solved question, for the ICL prompt. */
export interface Solved {
  readonly story: Story;
  readonly answer: string;
}

/**
 * The message of a user, in one mode. Direct, ICL and latent ask for the answer
 * alone and feed the cue at once (latent after its thoughts); CoT asks for steps,
 * and ends where the model writes the cue itself, or has it fed when its tokens run out.
 */
export function message(story: Story, shots: readonly Solved[], mode: DecodingMode): Prompt {
  const briefly = `${story.asked} Answer with ${story.kind} only.`;
  if (mode === "cot") {
    const question = `${story.asked} Think step by step, one short sentence for each step. Then finish with "${answerCue}" and ${story.kind}.`;
    const maxTokens = Math.min(tokensAtMost, Math.max(tokensAtLeast, (1 + story.steps.length) * tokensPerStep));
    return { context: story.told, question, thinking: { kind: "text", stop: answerCue, maxTokens, reference: story.steps.map((step) => [step]) }, cue: `\n${answerCue}` };
  }
  const thinking = mode === "latent" ? ({ kind: "latent", steps: latentSteps } as const) : ({ kind: "none" } as const);
  const solved = mode === "icl" ? shots.map((shot) => `${shot.story.told} ${shot.story.asked} ${answerCue} ${shot.answer}.\n\n`).join("") : "";
  return { context: `${solved}${story.told}`, question: briefly, thinking, cue: answerCue };
}

/** `a, b and c` */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
