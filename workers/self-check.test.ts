/** The check of an engine after loading can fail: it refuses each decoder that shows what is not there. */
import { expect, test } from "vitest";
import { randomLlama } from "../models/random-llama.ts";
import { type Tensor, row, tensor } from "../probes/tensor.ts";
import type { Decoder, Forward } from "./engine.ts";
import { ReferenceDecoder } from "./reference/llama-decoder.ts";
import { selfCheck } from "./self-check.ts";

const model = randomLlama({ layers: 2, contextLength: 24 }, 5);
const { hiddenSize, vocabSize, layers } = model.config;
const tokenizer = { encode: () => [], decode: () => "", text: () => "", endTokens: [], chat: () => null };
const sound = (): Decoder => new ReferenceDecoder(model, tokenizer);

/** A sound decoder with some members replaced. */
function broken(replace: (inner: Decoder) => Partial<Decoder>): Decoder {
  const inner = sound();
  const own = replace(inner);
  return new Proxy(inner, {
    get(target, name) {
      if (name in own) return Reflect.get(own, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

const forward = (change: (result: Forward, single: boolean) => Forward): Decoder =>
  broken((inner) => ({
    forward: async (input, options) => {
      const result = await inner.forward(input, options);
      return change(result, result.logits.shape[0] === 1);
    },
  }));
const scaled = ({ shape, data }: Tensor, by: number): Tensor => tensor(shape, data.map((value) => value * by));
/** Every row shows another layer where it ought to show this one. */
const mistaken = (states: Tensor | null, layer: number, other: number): Tensor | null => {
  if (!states) return null;
  const out = tensor(states.shape, states.data.slice());
  for (let t = 0; t < states.shape[0]!; t++) row(out, t, layer).set(row(states, t, other));
  return out;
};

test("a sound decoder passes, and is left empty", async () => {
  const decoder = sound();
  const { embedding, head, latent, tolerance } = await selfCheck(decoder);
  expect(embedding).toBe(0);
  expect(latent).toBe(0);
  expect(head).toBeLessThan(1e-5);
  expect(tolerance).toBeLessThan(0.1);
  expect(decoder.length).toBe(0);
});

test.each<[string, () => Decoder, RegExp]>([
  ["another layer in place of layer 0", () => forward((result) => ({ ...result, residPost: mistaken(result.residPost, 0, 1) })), /layer 0 to be the embedding/],
  ["another layer in place of layer 0, in single steps alone", () => forward((result, single) => (single ? { ...result, residPost: mistaken(result.residPost, 0, 1) } : result)), /layer 0 of a single step to be the embedding/],
  ["another layer in place of the last", () => forward((result) => ({ ...result, residPost: mistaken(result.residPost, layers, layers - 1) })), /the head applied to the last layer to give the logits/],
  ["another layer in place of the last, in single steps alone", () => forward((result, single) => (single ? { ...result, residPost: mistaken(result.residPost, layers, layers - 1) } : result)), /the last layer of a single step to give its logits/],
  ["another state in place of the final norm", () => forward((result) => ({ ...result, finalNorm: scaled(result.finalNorm, 1.1) })), /the unembedding of the final norm/],
  ["vectors that go in otherwise than tokens", () => broken((inner) => ({ forward: (input, options) => inner.forward("shape" in input ? scaled(input, 2) : input, options) })), /a latent step with a token's embedding/],
  ["logits of another head", () => forward((result) => ({ ...result, logits: tensor(result.logits.shape, result.logits.data.map((value, i) => (i % vocabSize === 0 ? value + 1 : value))) })), /to give the logits/],
  ["a NaN among the logits", () => forward((result) => ({ ...result, logits: tensor(result.logits.shape, result.logits.data.map((value, i) => (i === 1 ? Number.NaN : value))) })), /got a difference of NaN/],
  ["no hidden states", () => forward((result) => ({ ...result, residPost: null })), /expected hidden states, got none/],
  ["no hidden states of single steps", () => forward((result, single) => (single ? { ...result, residPost: null } : result)), /hidden states of a single step, got none/],
  [
    "zeros everywhere, which agree with one another",
    () => {
      const zeros = (width: number) => (states: Tensor) => Promise.resolve(tensor([states.shape[0]!, width]));
      return broken((inner) => ({
        embed: (tokens) => Promise.resolve(tensor([tokens.length, hiddenSize])),
        unembed: zeros(vocabSize),
        lens: zeros(vocabSize),
        forward: async (input, options) => {
          const { logits, finalNorm, residPost } = await inner.forward(input, options);
          return { logits: scaled(logits, 0), finalNorm: scaled(finalNorm, 0), residPost: residPost && scaled(residPost, 0) };
        },
      }));
    },
    /the same number everywhere/,
  ],
])("refused: %s", async (_, make, message) => {
  await expect(selfCheck(make())).rejects.toMatchObject({ name: "EngineError", message: expect.stringMatching(/^probe: expected .*, got .*; /) as string });
  await expect(selfCheck(make())).rejects.toThrow(message);
});
