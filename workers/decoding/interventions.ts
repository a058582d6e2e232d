/**
 * Acting on a run while it goes on.
 *
 * A replaced or steered thought is fed in where the run's own would have been, and
 * the chain goes on from there: the next thought is that of the altered state.
 *
 * To skip, repeat or reorder, the thoughts of the unaltered run are needed before
 * they come up. So the run first thinks unaltered behind the same prompt, forgets it
 * again, and plays these thoughts back in the new order: only their order changes,
 * not what they hold. A replacement then applies to its thought wherever it is played.
 *
 * A corrupted token is drawn among the 20 likeliest at its place, each as likely
 * as the others, without the model's own choice, end tokens, and what would complete
 * the text that stops the thinking: a wrong step of the right kind, where the model has one to offer.
 *
 * All chance comes from a generator of its own, so that what is not altered draws as in the unaltered run.
 */
import type { Intervention, Replacement } from "../../probes/intervention.ts";
import { logSoftmax } from "../../probes/lens/softmax.ts";
import type { Random } from "../../probes/random.ts";
import { tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, ResidualEdit, RunRequest } from "../engine.ts";
import { checkEdits } from "../residual-edits.ts";
import { norm } from "./controls.ts";
import { largest } from "./readout.ts";
import { greedy } from "./sampling.ts";
import { mixedRows } from "./thoughts.ts";
import type { Fed } from "./thoughts.ts";

/** A corrupted token is drawn among this many. */
const corruptAmong = 20;

type Kind<K extends Intervention["kind"]> = Extract<Intervention, { kind: K }>;

function ofKind<K extends Intervention["kind"]>(list: readonly Intervention[], kind: K): Kind<K>[] {
  return list.filter((item): item is Kind<K> => item.kind === kind);
}

/** What a run would be without interventions. */
export interface Unaltered {
  /** Tokens of the prompt. */
  readonly prompt: number;
  /** Latent thoughts. */
  readonly thoughts: number;
  /** Tokens of the cue. */
  readonly cue: number;
}

/**
 * @throws EngineError where an intervention does not fit the run
 */
export function checkInterventions(decoder: Pick<Decoder, "spec" | "tokenizer">, request: RunRequest, run: Unaltered): void {
  const list = request.interventions ?? [];
  const { spec, tokenizer } = decoder;
  const latest = run.prompt + (request.mode === "cot" ? request.maxThinkingTokens : playedThoughts(list, run.thoughts).length) + run.cue + request.maxAnswerTokens - 2;
  const seen = new Set<string>();
  const once = (what: string): void => {
    if (seen.has(what)) throw fault(`one intervention at a time: ${what}`, "two", "keep one of them");
    seen.add(what);
  };
  const whole = (what: string, value: number, least: number, most: number): void => {
    if (!(Number.isSafeInteger(value) && value >= least && value <= most)) throw fault(`${what} from ${least} to ${most}`, value, "choose one of these");
  };
  const number = (what: string, value: number, least = -Infinity): void => {
    if (!(Number.isFinite(value) && value >= least)) throw fault(`${what} to be a number${least === 0 ? " from 0 up" : ""}`, value, "choose another");
  };
  const vector = (values: readonly number[]): void => checkEdits([{ layer: 0, row: 0, operation: "replace", vector: values }], 1, spec);
  const thought = (index: number): void => {
    if (run.thoughts === 0) throw fault("a run with thoughts to intervene in", "none", "choose a method that thinks, and at least one thought");
    whole("a thought", index, 0, run.thoughts - 1);
  };

  for (const item of list) {
    const mode = modeOf(item);
    if (mode !== null && request.mode !== mode) throw fault(`mode ${mode} for the intervention "${item.kind}"`, `mode ${request.mode}`, `choose mode ${mode}, or another intervention`);
    switch (item.kind) {
      case "replace":
        thought(item.thought);
        once(`replacing thought ${item.thought}`);
        checkReplacement(item.replacement);
        if (item.replacement.by === "mean" && playedThoughts(list, run.thoughts)[0] === item.thought) {
          throw fault("thoughts before the one that their mean replaces", `thought ${item.thought}, which comes first`, "replace a later one");
        }
        break;
      case "steer":
        thought(item.thought);
        vector(item.vector);
        number("a scale", item.scale);
        break;
      case "skip":
        thought(item.thought);
        once(`skipping thought ${item.thought}`);
        break;
      case "repeat":
        thought(item.thought);
        once(`repeating thought ${item.thought}`);
        whole("repetitions", item.times, 1, spec.contextLength);
        break;
      case "reorder": {
        once("reordering");
        if (item.order.length === 0) throw fault("an order of thoughts", "an empty one", "name every thought once");
        const sorted = [...item.order].sort((a, b) => a - b);
        if (sorted.length !== run.thoughts || sorted.some((index, i) => index !== i)) {
          throw fault(`each of the ${run.thoughts} thoughts once, counted from 0`, `[${item.order.join(", ")}]`, "name every thought once");
        }
        break;
      }
      case "truncate":
        once("truncating");
        whole("tokens of thinking", item.after, 0, request.maxThinkingTokens);
        if (run.cue === 0) throw fault("a cue that asks for the answer", "none", "set `cue`");
        break;
      case "corrupt":
        whole("a token of the thinking", item.token, 0, request.maxThinkingTokens - 1);
        once(`corrupting token ${item.token}`);
        if (item.by !== null) {
          whole("a token id", item.by, 0, spec.vocabSize - 1);
          if (tokenizer.endTokens.includes(item.by)) throw fault("a token that goes on", `${item.by}, which ends the answer`, "truncate instead");
        }
        break;
      case "residual":
        whole("a step", item.step, 0, latest);
        checkEdits([{ ...item, row: 0 }], 1, spec);
        break;
    }
  }

  function checkReplacement(replacement: Replacement): void {
    if (replacement.by === "soft") whole("tokens in a mixture", replacement.kept, 1, spec.vocabSize);
    else if (replacement.by === "noise") number("sigma", replacement.sigma, 0);
    else if (replacement.by === "vector") vector(replacement.vector);
  }
}

/** The mode that an intervention needs; null where any will do. */
function modeOf({ kind }: Intervention): "latent" | "cot" | null {
  if (kind === "residual") return null;
  return kind === "truncate" || kind === "corrupt" ? "cot" : "latent";
}

function fault(expected: string, got: unknown, advice: string): EngineError {
  return new EngineError(`intervention: expected ${expected}, got ${String(got)}; ${advice}`);
}

/** Which thoughts are fed in, in order, of a run that has `thoughts` of them. */
export function playedThoughts(list: readonly Intervention[], thoughts: number): number[] {
  const order = ofKind(list, "reorder")[0]?.order.filter((index) => index < thoughts) ?? Array.from({ length: thoughts }, (_, i) => i);
  const skipped = new Set(ofKind(list, "skip").map(({ thought }) => thought));
  const more = new Map(ofKind(list, "repeat").map(({ thought, times }) => [thought, times]));
  return order.filter((index) => !skipped.has(index)).flatMap((index) => Array.from({ length: 1 + (more.get(index) ?? 0) }, () => index));
}

/** The interventions of one run, at work. */
export class Interventions {
  /** First position that was altered; null as long as none was. */
  branch: number | null = null;
  private readonly list: readonly Intervention[];
  /** Thoughts as they were fed in, [1, D] each. */
  private readonly fed: Tensor[] = [];

  constructor(
    private readonly decoder: Decoder,
    request: Pick<RunRequest, "interventions">,
    private readonly random: Random,
  ) {
    this.list = request.interventions ?? [];
  }

  /** Whether thoughts are played back in another order. */
  get reorders(): boolean {
    return this.list.some(({ kind }) => kind === "skip" || kind === "repeat" || kind === "reorder");
  }

  /** CoT: after how many tokens the thinking ends; null where it ends by itself. */
  get truncation(): number | null {
    return ofKind(this.list, "truncate")[0]?.after ?? null;
  }

  /** First position whose hidden states are altered; ∞ where none are. */
  get firstEdited(): number {
    return Math.min(Infinity, ...ofKind(this.list, "residual").map(({ step }) => step));
  }

  /** Says that from this position on the run is not the unaltered one. */
  note(position: number): void {
    this.branch = Math.min(position, this.branch ?? Infinity);
  }

  /** The edits of a pass of `rows` positions from `position` on. */
  edits(position: number, rows: number): ResidualEdit[] {
    const here = ofKind(this.list, "residual").filter(({ step }) => step >= position && step < position + rows);
    for (const { step } of here) this.note(step);
    return here.map(({ step, layer, operation, vector }) => ({ layer, row: step - position, operation, vector }));
  }

  /** The input of a latent step, altered where it is to be. */
  async thought(fed: Fed, index: number): Promise<Fed> {
    const replacement = ofKind(this.list, "replace").find(({ thought }) => thought === index)?.replacement;
    const steering = ofKind(this.list, "steer").filter(({ thought }) => thought === index);
    const replaced = replacement ? await this.replaced(fed, replacement) : fed;
    if (replacement || steering.length > 0) this.note(this.decoder.length);
    const vector = await this.vectorOf(replaced);
    this.fed.push(vector);
    if (steering.length === 0) return replaced;
    for (const { vector: direction, scale } of steering) vector.data.forEach((x, i) => (vector.data[i] = x + scale * direction[i]!));
    return bare(vector);
  }

  /** A token of a chain of thought, where it is to be another; else null. */
  token(index: number, own: number, logits: ArrayLike<number>, stops: (token: number) => boolean): number | null {
    const found = ofKind(this.list, "corrupt").find(({ token }) => token === index);
    if (!found) return null;
    const { vocabSize } = this.decoder.spec;
    const choices = largest(logits, Math.min(corruptAmong, vocabSize)).filter((token) => token !== own && !this.decoder.tokenizer.endTokens.includes(token) && !stops(token));
    if (found.by === null && choices.length === 0) throw fault("another token than the model's own", "none", "name one");
    this.note(this.decoder.length);
    return found.by ?? this.random.pick(choices);
  }

  private async replaced(fed: Fed, replacement: Replacement): Promise<Fed> {
    const { decoder } = this;
    switch (replacement.by) {
      case "argmax":
        return bare(await decoder.embed([greedy(await this.readout(fed))]));
      case "soft": {
        const logprobs = await this.readout(fed);
        const ids = largest(logprobs, replacement.kept);
        const sum = ids.reduce((total, id) => total + Math.exp(logprobs[id]!), 0);
        const weights = ids.map((token) => ({ token, weight: Math.exp(logprobs[token]!) / sum })).filter(({ weight }) => weight > 0);
        const vector = await mixedRows(decoder, weights);
        return { kind: "vector", vector, reads: vector, weights };
      }
      case "mean": {
        const sum = new Float64Array(decoder.spec.hiddenSize);
        for (const { data } of this.fed) data.forEach((x, i) => (sum[i] = sum[i]! + x / this.fed.length));
        if (this.fed.length === 0) throw fault("thoughts before the one that their mean replaces", "none", "replace a later one");
        return bare(tensor([1, sum.length], Float32Array.from(sum)));
      }
      case "noise": {
        const { shape, data } = await this.vectorOf(fed);
        const scale = (replacement.sigma * norm(data)) / Math.sqrt(data.length);
        return bare(tensor(shape, data.map((x) => x + scale * this.random.normal())));
      }
      case "zero":
        return bare(tensor([1, decoder.spec.hiddenSize]));
      case "vector":
        return bare(tensor([1, decoder.spec.hiddenSize], Float32Array.from(replacement.vector)));
    }
  }

  /** What a thought reads out as: log-probabilities, [V]. */
  private async readout(fed: Fed): Promise<ArrayLike<number>> {
    const known = fed.kind === "token" ? [{ token: fed.token, weight: 1 }] : fed.weights;
    if (!known && fed.kind === "vector") return logSoftmax((await this.decoder.unembed(fed.reads)).data);
    const out = new Float64Array(this.decoder.spec.vocabSize).fill(-Infinity);
    for (const { token, weight } of known ?? []) out[token] = Math.log(weight);
    return out;
  }

  /** The vector of an input, in a copy. */
  private async vectorOf(fed: Fed): Promise<Tensor> {
    const { shape, data } = fed.kind === "token" ? await this.decoder.embed([fed.token]) : fed.vector;
    return { shape, data: data.slice() };
  }
}

function bare(vector: Tensor): Fed {
  return { kind: "vector", vector, reads: vector, weights: null };
}
