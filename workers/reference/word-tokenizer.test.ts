import { expect, test } from "vitest";
import { EngineError } from "../engine.ts";
import { wordTokenizer } from "./word-tokenizer.ts";

const file = (part: object = {}) => ({ pre_tokenizer: { type: "WhitespaceSplit" }, model: { type: "WordLevel", vocab: { a: 0, "<ans>": 1, "|": 2 }, ...part } });
const tokenizer = wordTokenizer(file(), [2]);

test("words to ids and back", () => {
  expect(tokenizer.encode(" a  <ans>\n| a")).toEqual([0, 1, 2, 0]);
  expect(tokenizer.decode([0, 1, 2, 0])).toBe("a <ans> | a");
  expect(tokenizer.encode("")).toEqual([]);
  expect(tokenizer.text(1)).toBe("<ans>");
  expect(tokenizer.endTokens).toEqual([2]);
  expect(tokenizer.chat("a")).toBeNull();
});
test("a word outside the vocabulary is named", () => {
  expect(() => tokenizer.encode("a zebra")).toThrow(EngineError);
  expect(() => tokenizer.encode("a zebra")).toThrow(/tokenizer: expected words of the vocabulary, got "zebra"/);
});
test("an id outside the vocabulary is named", () => expect(() => tokenizer.decode([9])).toThrow(/expected a token id of the vocabulary \(3 words\), got 9/));
test("another kind of tokenizer is refused", () => {
  expect(() => wordTokenizer(file({ type: "BPE" }), [])).toThrow(/expected a WordLevel model split at white space, got BPE/);
  expect(() => wordTokenizer(null, [])).toThrow(/expected a WordLevel model/);
  expect(() => wordTokenizer(file({ vocab: { a: "0" } }), [])).toThrow(/expected an id for a, got "0"/);
});
