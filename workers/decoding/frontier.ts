/**
 * How much of a thought is the frontier that it should hold. In reachability,
 * thought c stands for level c of the asked tree, two letters. Its mass on them is
 * Σ over both of softmax(head · v), with v what was fed in: the logit lens of the
 * thought, 1 where it holds these letters and nothing else.
 *
 * Thought c is the state that level c − 1 was made to give; the root is given, so c counts from 1.
 */
import { logSoftmax } from "../../probes/lens/softmax.ts";
import { reachability } from "../../probes/tasks/reachability.ts";
import type { Thought } from "../../probes/trace.ts";
import { EngineError } from "../engine.ts";
import type { Decoder } from "../engine.ts";
import { decode } from "./decode.ts";
import type { Pass } from "./decode.ts";
import { prepare } from "./prepare.ts";
import { requestFor } from "./request.ts";
import { Pulse } from "./stopping.ts";

export interface FrontierRequest {
  /** Levels, and thoughts. */
  readonly difficulty: number;
  /** `hidden`, or a control. */
  readonly thought: Thought;
  readonly problems: number;
  /** Seed of the first problem. */
  readonly seed: number;
}

/**
 * @returns mean mass of thought c on the two letters of level c, for c = 1 … difficulty
 * @throws EngineError where there are no problems or no thoughts to look at
 */
export async function frontierMass(decoder: Decoder, { difficulty, thought, problems, seed }: FrontierRequest, signal: AbortSignal): Promise<number[]> {
  if (!Number.isSafeInteger(problems) || problems < 1) throw new EngineError(`frontier: expected a whole number of problems from 1 up, got ${problems}; choose one such as 200`);
  const pulse = new Pulse(signal);
  const sums = Array.from({ length: difficulty }, () => 0);
  for (let i = 0; i < problems; i++) {
    const problem = reachability.draw(seed + i, { difficulty, shots: 0, variant: null });
    const request = requestFor(reachability, problem, "latent", { thought, shots: 0, capture: false, kept: 1 });
    const passes: Pass[] = [];
    await decode(decoder, request, prepare(decoder, request), { capture: false, cached: [], pulse, observe: (pass) => void (pass.phase === "thought" && passes.push(pass)) });
    for (const [c, level] of problem.frontier.entries()) {
      const fed = passes[c]?.fed;
      if (fed?.kind !== "vector") throw new EngineError(`frontier: expected a vector as thought ${c + 1}, got none; choose a method that thinks in vectors`);
      const logprobs = logSoftmax((await decoder.unembed(fed.reads)).data);
      for (const letter of level) sums[c]! += Math.exp(logprobs[decoder.tokenizer.encode(letter)[0]!]!);
    }
  }
  return sums.map((sum) => sum / problems);
}
