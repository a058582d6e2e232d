/**
 * A language in which attention is needed now and then, and has nothing to do otherwise.
 *
 *   ⟨s⟩  fact … fact  word word question value word question value …
 *
 * First one fact for each of K keys, in random order: a token for each pair (key,
 * value). Then text: after a word the next word is drawn from a random bigram table,
 * or, now and then, a question about one of the keys comes; after a question its value,
 * as the facts say; after a value a word, drawn from the value's row of the table. So a
 * head has to find one fact at questions, and should bring nothing at words.
 *
 * Everything that can be known is known: `probability` is that of the true source,
 * and −mean log of it the best loss that any model can reach.
 *
 * In the manner of the bigram-backcopy task of Guo et al. 2024, arXiv:2410.13835,
 * in which attention sinks were taken apart; there a trigger copies the
 * token before it, here a question looks up a fact, whatever its distance.
 */
import type { Random } from "../../../probes/random.ts";

export interface Language {
  readonly keys: number;
  readonly values: number;
  readonly words: number;
  /** Of a question after a word. */
  readonly questionRate: number;
  /** P(word | word or value), [words + values][words] */
  readonly table: readonly Float64Array[];
}

export interface LanguageSize {
  readonly keys: number;
  readonly values: number;
  readonly words: number;
  readonly questionRate: number;
  /** Of the table: 0 is uniform; 2 leaves about 5 likely words of 16. */
  readonly sharpness: number;
}

/** What a token is, by its id. */
export type Kind = "start" | "fact" | "question" | "value" | "word";

export interface Text {
  /** [T + 1] ids, ⟨s⟩ first */
  readonly tokens: Int32Array;
  /** [T] with which probability the token after each was drawn. */
  readonly probability: Float64Array;
  /** [T] for a question the place of the fact that answers it, else −1. */
  readonly fact: Int32Array;
}

export function drawLanguage(random: Random, { keys, values, words, questionRate, sharpness }: LanguageSize): Language {
  const table = Array.from({ length: words + values }, () => {
    const weights = Float64Array.from({ length: words }, () => Math.exp(sharpness * random.normal()));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  });
  return { keys, values, words, questionRate, table };
}

/** Ids: words, values, questions by key, facts by key and value, ⟨s⟩. */
export function vocabularyOf({ keys, values, words }: Pick<Language, "keys" | "values" | "words">) {
  const [question, fact, start] = [words + values, words + values + keys, words + values + keys + keys * values];
  return {
    size: start + 1,
    start,
    value: (value: number): number => words + value,
    question: (key: number): number => question + key,
    fact: (key: number, value: number): number => fact + key * values + value,
    kind: (token: number): Kind => (token < words ? "word" : token < question ? "value" : token < fact ? "question" : token < start ? "fact" : "start"),
  };
}

/** @param T  at least K + 2: ⟨s⟩, the facts, a word */
export function drawText(random: Random, language: Language, T: number): Text {
  const { keys, values, words, questionRate, table } = language;
  const ids = vocabularyOf(language);
  if (T < keys + 2) throw new RangeError(`drawText: expected at least ${keys + 2} tokens for ${keys} facts, got ${T}`);
  const tokens = new Int32Array(T + 1);
  const probability = new Float64Array(T);
  const fact = new Int32Array(T).fill(-1);
  const value = Int32Array.from({ length: keys }, () => random.integer(values));
  const placeOf = new Int32Array(keys);
  tokens[0] = ids.start;
  random.shuffle(Array.from({ length: keys }, (_, key) => key)).forEach((key, i) => {
    tokens[i + 1] = ids.fact(key, value[key]!);
    probability[i] = 1 / ((keys - i) * values);
    placeOf[key] = i + 1;
  });
  tokens[keys + 1] = random.integer(words);
  probability[keys] = 1 / words;
  for (let t = keys + 1; t < T; t++) {
    const token = tokens[t]!;
    const kind = ids.kind(token);
    if (kind === "question") {
      const key = token - ids.question(0);
      tokens[t + 1] = ids.value(value[key]!);
      probability[t] = 1;
      fact[t] = placeOf[key]!;
    } else if (kind === "word" && random.uniform() < questionRate) {
      tokens[t + 1] = ids.question(random.integer(keys));
      probability[t] = questionRate / keys;
    } else {
      const row = table[token]!;
      let [left, next] = [random.uniform(), 0];
      while (next < words - 1 && (left -= row[next]!) >= 0) next++;
      tokens[t + 1] = next;
      probability[t] = (kind === "word" ? 1 - questionRate : 1) * row[next]!;
    }
  }
  return { tokens, probability, fact };
}
