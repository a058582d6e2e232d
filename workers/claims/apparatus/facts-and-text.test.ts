/** The language: what it promises is in every text, and its probabilities are those with which it is drawn. */
import { expect, test } from "vitest";
import { Random } from "../../../probes/random.ts";
import { drawLanguage, drawText, vocabularyOf } from "./facts-and-text.ts";

const size = { keys: 4, values: 3, words: 5, questionRate: 0.3, sharpness: 1 };
const random = new Random(1);
const language = drawLanguage(random, size);
const ids = vocabularyOf(language);
const [K, T] = [4, 40];
const texts = Array.from({ length: 150 }, () => drawText(random, language, T));

test("every id is of one kind", () => {
  const kinds = Array.from({ length: ids.size }, (_, token) => ids.kind(token));
  const count = (kind: string): number => kinds.filter((k) => k === kind).length;
  expect(["word", "value", "question", "fact", "start"].map(count)).toEqual([5, 3, 4, 12, 1]);
  expect([ids.kind(ids.value(2)), ids.kind(ids.question(3)), ids.kind(ids.fact(3, 2)), ids.fact(3, 2) + 1]).toEqual(["value", "question", "fact", ids.start]);
});
test("⟨s⟩, a fact for each key, then text in which every question is answered as the facts say", () => {
  for (const { tokens, fact } of texts) {
    expect(tokens[0]).toBe(ids.start);
    const known = new Map(Array.from(tokens.slice(1, K + 1), (token) => [Math.floor((token - ids.fact(0, 0)) / 3), (token - ids.fact(0, 0)) % 3]));
    expect(known.size).toBe(K);
    for (let t = K + 1; t < T; t++) {
      const [now, next] = [ids.kind(tokens[t]!), ids.kind(tokens[t + 1]!)];
      expect(now === "word" ? ["word", "question"] : now === "question" ? ["value"] : ["word"]).toContain(next);
      expect(fact[t]! >= 0).toBe(now === "question");
      if (now !== "question") continue;
      const key = tokens[t]! - ids.question(0);
      expect(tokens[t + 1]).toBe(ids.value(known.get(key)!));
      expect(tokens[fact[t]!]).toBe(ids.fact(key, known.get(key)!));
    }
  }
});
test("the probabilities are those of the draws", () => {
  // For each (token, next) of two words: how often, beside what `probability` says.
  const seen = new Map<string, { count: number; says: number }>();
  const from = new Map<number, number>();
  for (const { tokens, probability } of texts) {
    for (let t = K + 1; t < T; t++) {
      if (ids.kind(tokens[t]!) !== "word") continue;
      from.set(tokens[t]!, (from.get(tokens[t]!) ?? 0) + 1);
      const pair = `${tokens[t]} ${tokens[t + 1]}`;
      seen.set(pair, { count: (seen.get(pair)?.count ?? 0) + 1, says: probability[t]! });
    }
  }
  for (const [pair, { count, says }] of seen) {
    const all = from.get(Number(pair.split(" ")[0]))!;
    expect(Math.abs(count / all - says)).toBeLessThan(5 * Math.sqrt((says * (1 - says)) / all) + 1e-9);
  }
  // Facts: each order and value as likely as any other.
  for (const { probability } of texts) expect(probability.slice(0, K).reduce((product, p) => product * p, 1)).toBeCloseTo(1 / (24 * 3 ** 4), 12);
});
test("too short a text is refused", () => expect(() => drawText(random, language, 5)).toThrow("drawText: expected at least 6 tokens for 4 facts, got 5"));
