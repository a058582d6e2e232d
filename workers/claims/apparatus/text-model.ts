/**
 * A small transformer trained on text with facts (`facts-and-text.ts`), with plain
 * attention or a gate at one of its places; and what it then does with each token.
 */
import { Random } from "../../../probes/random.ts";
import { tensor, type Tensor } from "../../../probes/tensor.ts";
import { dispose, fromTensor, integers, type np } from "../../toys/autodiff.ts";
import { gatedAttention, initialGatedAttention, type GatedAttention, type GatePlace } from "../../toys/gated-attention.ts";
import { adam, cosine, warmup } from "../../toys/optimiser.ts";
import { Training } from "../../toys/training.ts";
import { initialAttention, type Attention } from "../../toys/transformer.ts";
import { attentionModel, initialAttentionModel, plainAttention, type Attended, type AttentionModel } from "./attention-model.ts";
import { drawLanguage, drawText, vocabularyOf, type Language, type LanguageSize, type Text } from "./facts-and-text.ts";
import { evaluate, surprise } from "./training.ts";

/** Where the gate is; plain: nowhere; off: attention brings nothing, for sabotage. */
export type Place = GatePlace | "plain" | "off";

export interface TextModelSize extends LanguageSize {
  /** T */
  readonly length: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly layers: number;
  readonly steps: number;
  readonly batch: number;
  readonly rate: number;
}

/** Plain or gated attention. */
type Mixer = Attention | GatedAttention;

function initialMixer(random: Random, place: Place, { hiddenSize, heads }: TextModelSize): Mixer {
  return place === "plain" || place === "off" ? initialAttention(random, hiddenSize, heads) : initialGatedAttention(random, hiddenSize, heads, { place });
}

function attend(p: Mixer, x: np.Array, heads: number, place: Place): Attended {
  if (place === "plain" || place === "off") {
    const attended = plainAttention(heads)(p as Attention, x);
    return place === "plain" ? attended : { ...attended, output: attended.output.mul(0) };
  }
  const { output, pattern, gate, ...rest } = gatedAttention(p as GatedAttention, x, { heads, place });
  return { output, pattern, gate, rest };
}

export interface TextModel {
  readonly language: Language;
  /** What the model does with each of n test texts; with `hidden`, without ⟨s⟩ in front (all other tokens keep their places). */
  look(n: number, hidden?: boolean): Looks;
  dispose(): void;
}

/** Of n texts; T is one less where ⟨s⟩ is hidden, and `texts` then begin at place 1. */
export interface Looks {
  readonly texts: readonly Text[];
  /** −log p of each next token, nats, [n, T] */
  readonly surprise: Tensor;
  /** Of each layer: [n, H, T, T]; what attention added, [n, T, D]; the gate, mean over its elements, [n, T], none where there is none. */
  readonly patterns: readonly Tensor[];
  readonly mixed: readonly Tensor[];
  readonly gates: readonly Tensor[];
}

/**
 * Trains on text of a language that follows from the seed, as do the texts: models
 * with gates at different places learn from the same batches in the same order.
 * The loss counts the tokens after the facts, those that answer a question as much as all others together.
 */
export async function trainTextModel(seed: number, place: Place, size: TextModelSize, progress: (done: number, what: string) => Promise<void>): Promise<TextModel> {
  const { length: T, hiddenSize, heads, layers, steps, batch, rate, keys } = size;
  const random = new Random(seed);
  const language = drawLanguage(random.fork("language"), size);
  const vocabulary = vocabularyOf(language).size;
  const run = (p: AttentionModel<Mixer>, tokens: np.Array) => attentionModel(p, tokens, (p, x) => attend(p, x, heads, place));
  const drawn = (random: Random, n: number): Text[] => Array.from({ length: n }, () => drawText(random, language, T));
  const part = (texts: readonly Text[], from: number, to: number): np.Array => integers(texts.flatMap(({ tokens }) => Array.from(tokens.slice(from, to))), [texts.length, to - from]);
  const training = new Training({
    parameters: initialAttentionModel(random.fork("weights"), { vocabSize: vocabulary, hiddenSize, layers, contextLength: T }, (random) => initialMixer(random, place, size)),
    loss: (p: AttentionModel<Mixer>, { tokens, next, weights }: { tokens: np.Array; next: np.Array; weights: np.Array }) => {
      const { logits, ...inner } = run(p, tokens);
      dispose(inner);
      return surprise(logits.slice([], [keys + 1, T]), next).mul(weights).sum();
    },
    batch: (random) => {
      const texts = drawn(random, batch);
      return { tokens: part(texts, 0, T), next: part(texts, keys + 2, T + 1), weights: fromTensor(weightsOf(texts, keys + 1)) };
    },
    optimiser: adam({ rate: warmup(rate, 20, cosine(rate, steps)), beta2: 0.98 }),
    seed,
    clip: 1,
  });
  for await (const { step, loss } of training.run(steps)) if (step % 10 === 0) await progress(step / steps, `step ${step} of ${steps}, loss ${loss.toFixed(2)}`);
  return {
    language,
    look(n, hidden = false) {
      const texts = drawn(random.fork("test"), n);
      const from = hidden ? 1 : 0;
      const [tokens, next] = [part(texts, from, T), part(texts, from + 1, T + 1)];
      const [surprises, ...rest] = evaluate(training.parameters, (p, x) => {
        const { logits, patterns, mixed, gates, inputs, residual } = run(hidden ? { ...p, positions: p.positions.slice([1]) } : p, x);
        dispose([inputs, residual]);
        return [surprise(logits, next), ...patterns, ...mixed, ...gates.map((gate) => meanPerToken(gate))];
      }, tokens);
      return { texts, surprise: surprises!, patterns: rest.slice(0, layers), mixed: rest.slice(layers, 2 * layers), gates: rest.slice(2 * layers) };
    },
    dispose: () => training.dispose(),
  };
}

/** Half of the loss for what follows on questions, half for the rest, [B, T − from]. */
function weightsOf(texts: readonly Text[], from: number): Tensor {
  const T = texts[0]!.fact.length;
  const asked = texts.map(({ fact }) => Array.from(fact.subarray(from), (place) => place >= 0));
  const questions = asked.flat().filter(Boolean).length;
  const rest = texts.length * (T - from) - questions;
  const weights = tensor([texts.length, T - from]);
  asked.flat().forEach((question, i) => (weights.data[i] = 0.5 / (question ? questions : rest)));
  return weights;
}

/** [B, H, T, E] or [B, T, D] → [B, T] */
function meanPerToken(gate: np.Array): np.Array {
  return gate.shape.length === 4 ? gate.mean([1, 3]) : gate.mean(-1);
}
