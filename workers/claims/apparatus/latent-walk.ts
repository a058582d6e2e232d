/**
 * The latent loop with something done to each thought: the prompt goes through
 * the network once, then the same problem is thought through again and again.
 */
import type { Random } from "../../../probes/random.ts";
import type { Problem, Task } from "../../../probes/tasks/task.ts";
import { row, type Tensor, tensor } from "../../../probes/tensor.ts";
import { greedy } from "../../decoding/sampling.ts";
import type { Decoder, Forward } from "../../engine.ts";

/** What is fed in as thought number `index`, given the last final-norm state, [1, D]. */
export type NextThought = (hidden: Tensor, index: number) => Promise<Tensor> | Tensor;

export interface Walk {
  /** Whether the answer is the right one. */
  readonly right: boolean;
  /** What was fed in, [1, D] each. */
  readonly fed: readonly Tensor[];
}

export class LatentWalker {
  private constructor(
    private readonly decoder: Decoder,
    private readonly prompt: { readonly length: number; readonly hidden: Tensor },
    private readonly thoughts: number,
    private readonly cue: readonly number[],
    private readonly answer: number,
  ) {}

  /** Reads the prompt; the walker is good until the decoder is used for something else. */
  static async read(decoder: Decoder, task: Task, problem: Problem): Promise<LatentWalker> {
    const { context, question, thinking, cue } = task.prompt(problem, "latent");
    if (thinking.kind !== "latent") throw new RangeError(`latent walk: expected thoughts in ${task.id}, got ${thinking.kind}`);
    const { tokenizer } = decoder;
    await decoder.rewind(0);
    const hidden = lastState(await decoder.forward(tokenizer.encode(`${context} ${question}`)));
    return new LatentWalker(decoder, { length: decoder.length, hidden }, thinking.steps, tokenizer.encode(cue), tokenizer.encode(problem.answer)[0]!);
  }

  /** Left out, each thought is the state itself, as the model was trained to think. */
  async walk(next: NextThought = (hidden) => hidden): Promise<Walk> {
    const { decoder } = this;
    await decoder.rewind(this.prompt.length);
    let { hidden } = this.prompt;
    const fed: Tensor[] = [];
    for (let i = 0; i < this.thoughts; i++) {
      const thought = await next(hidden, i);
      fed.push(thought);
      hidden = lastState(await decoder.forward(thought));
    }
    const { logits } = await decoder.forward(this.cue);
    return { right: greedy(row(logits, logits.shape[0]! - 1)) === this.answer, fed };
  }
}

function lastState({ finalNorm }: Forward): Tensor {
  const [n = 0, d = 0] = finalNorm.shape;
  return tensor([1, d], finalNorm.data.slice((n - 1) * d));
}

/** h + σ ‖h‖/√D ε with ε standard normal, so that the noise is about σ times as long as h. */
export function noisy(hidden: Tensor, sigma: number, random: Random): Tensor {
  if (sigma === 0) return hidden;
  const scale = (sigma * Math.hypot(...hidden.data)) / Math.sqrt(hidden.data.length);
  return tensor(hidden.shape, hidden.data.map((x) => x + scale * random.normal()));
}
