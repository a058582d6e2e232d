import { runSize } from "../../probes/run-size.ts";
import type { Decoder, RunPlan, RunRequest } from "../engine.ts";
import { prepare } from "./prepare.ts";

/**
 * How long a run will be and how much it will hold, from its request alone. Exact
 * but for a chain of thought, whose length only its run can tell, and answers
 * and latent methods that may end sooner.
 *
 * @throws EngineError where the request asks for what cannot be run
 */
export function runPlan(decoder: Decoder, request: RunRequest): RunPlan {
  const { tokens, cue, thoughts } = prepare(decoder, request);
  const { layers, hiddenSize, vocabSize } = decoder.spec;
  const shape = (thinking: number): Parameters<typeof runSize>[0] => ({
    // The answer's last token is read from logits and not fed in.
    steps: tokens.length + thinking + cue.length + request.maxAnswerTokens - 1,
    vectors: thoughts,
    layers: layers + 1,
    keptLayers: request.layers?.length ?? layers + 1,
    hiddenSize,
    kept: Math.min(request.kept, vocabSize),
  });
  const most = request.mode === "cot" ? request.maxThinkingTokens : thoughts;
  const expected = request.mode === "cot" && request.reference !== undefined ? Math.min(most, decoder.tokenizer.encode(request.reference).length) : most;
  return { ...runSize(shape(expected)), steps: shape(expected).steps, most: runSize(shape(most)).bytes };
}
