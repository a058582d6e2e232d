import type { Trace } from "../../probes/trace.ts";
import type { Decoder, RunRequest, StepEvent } from "../engine.ts";
import { Capture } from "./capture.ts";
import { decode } from "./decode.ts";
import { isCorrect } from "./grading.ts";
import { prepare } from "./prepare.ts";
import { Pulse } from "./stopping.ts";

/**
 * Answers one question in one mode, and records it: one step for each position
 * that went through the network, prompt included. The answer is read from the
 * logits of the last position, so its last token is no step.
 *
 * The same request on the same decoder gives the same trace, but for the times.
 *
 * @param onSteps  called after each forward pass with its steps, in order, and awaited
 * @throws EngineError where the request asks for what cannot be run, before anything runs
 * @throws AbortError where the signal stopped it, between two steps
 */
export async function run(
  decoder: Decoder,
  request: RunRequest,
  onSteps: (events: readonly StepEvent[]) => unknown,
  signal: AbortSignal,
): Promise<Trace> {
  const prepared = prepare(decoder, request);
  const { mode, thought, expected } = request;
  const capture = new Capture(decoder, { capture: request.capture, kept: request.kept, answer: prepared.answer, ...(request.layers ? { layers: request.layers } : {}) });
  const pulse = new Pulse(signal);
  const { branch, ...answer } = await decode(decoder, request, prepared, {
    capture: request.capture,
    cached: [],
    pulse,
    observe: async (pass) => {
      const events = await capture.take(pass);
      await pulse.beat();
      await onSteps(events);
    },
  });
  return {
    model: decoder.spec,
    mode,
    thought: mode === "latent" ? thought : null,
    noise: mode === "latent" && thought === "noise" ? request.noise : 0,
    prompt: prepared.prompt,
    problem: request.problem,
    seed: request.seed,
    temperature: request.temperature,
    questionStart: prepared.questionStart,
    steps: capture.steps,
    answer: { ...answer, expected, correct: isCorrect(request, answer.text) },
    activations: capture.activations(),
    lens: capture.lens(),
    engine: decoder.record,
    created: new Date().toISOString(),
    ...(request.interventions?.length ? { interventions: request.interventions, branch } : {}),
  };
}
