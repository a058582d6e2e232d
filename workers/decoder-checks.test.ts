/** The checks of a Decoder can fail: each of them catches a decoder that breaks what it names. */
import { expect, test } from "vitest";
import { randomLlama } from "../models/random-llama.ts";
import { row, tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { decoderChecks, defaultCheckOptions } from "./decoder-checks.test-support.ts";
import type { Decoder, Forward } from "./engine.ts";
import { ReferenceDecoder } from "./reference/llama-decoder.ts";

const model = randomLlama({ layers: 1, contextLength: 24 }, 9);
const tokenizer = { encode: () => [], decode: () => "", text: () => "", endTokens: [], chat: () => null };
const sound = (): Decoder => new ReferenceDecoder(model, tokenizer);

/** A sound decoder with some members replaced. */
function broken(replace: (inner: Decoder) => Partial<Decoder>): Decoder {
  const inner = sound();
  const own = replace(inner);
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(name in own ? own : target, name, target);
      return typeof value === "function" && !(name in own) ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

type ForwardCall = Decoder["forward"];
/** Only `forward` is replaced. */
const forward = (call: (inner: Decoder, ...args: Parameters<ForwardCall>) => Promise<Forward>) => () =>
  broken((inner) => ({ forward: (input, options) => call(inner, input, options) }));
const scaled = ({ shape, data }: Tensor, by: number): Tensor => tensor(shape, data.map((value) => value * by));
const isVectors = (input: readonly number[] | Tensor): input is Tensor => "shape" in input;
const zeros = (n: number): Forward => ({ logits: tensor([n, model.config.vocabSize]), residPost: null, finalNorm: tensor([n, model.config.hiddenSize]) });
/** Takes what is not a token for token 0. */
const lenient = (isToken: (token: number) => boolean) => () => broken((inner) => ({
  forward: (input, options) => inner.forward(isVectors(input) ? input : input.map((token) => (isToken(token) ? token : 0)), options),
  embed: (tokens) => inner.embed(tokens.map((token) => (isToken(token) ? token : 0))),
}));

/** By the check that must catch it. */
const sabotage: Readonly<Record<string, () => Decoder>> = {
  "shapes are as announced": forward(async (inner, input, options) => {
    const { logits, ...rest } = await inner.forward(input, options);
    return { ...rest, logits: { shape: [1, logits.shape[1]!], data: row(logits, logits.shape[0]! - 1) } };
  }),
  "no hidden states unless captured": forward((inner, input) => inner.forward(input, { capture: true })),
  "layer 0 is the embedding": () => broken((inner) => ({ embed: async (tokens) => scaled(await inner.embed(tokens), 1.01) })),
  "the lens at the last layer gives the logits": () => broken((inner) => ({ lens: (states) => inner.unembed(states) })),
  "the unembedding of the final norm gives the logits": () => broken((inner) => ({ unembed: async (states) => scaled(await inner.unembed(states), 1.01) })),
  "feeding embed(t) is feeding t": forward((inner, input, options) => inner.forward(isVectors(input) ? scaled(input, 1.01) : input, options)),
  "token by token is the same as all at once": forward(async (inner, input, options) => {
    if (!isVectors(input) && input.length === 1) await inner.rewind(0);
    return inner.forward(input, options);
  }),
  "captured or not, the numbers are the same": forward(async (inner, input, options) => {
    const result = await inner.forward(input, options);
    return options?.capture ? result : { ...result, finalNorm: scaled(result.finalNorm, 1.01) };
  }),
  "a forward pass leaves the results of earlier ones alone": () => {
    const kept = new Float32Array(model.config.vocabSize * model.config.contextLength);
    return forward(async (inner, input, options) => {
      const { logits, ...rest } = await inner.forward(input, options);
      kept.set(logits.data);
      return { ...rest, logits: { shape: logits.shape, data: kept.subarray(0, logits.data.length) } };
    })();
  },
  "what was rewound leaves no trace": () => {
    // It counts back, and goes on behind what should have gone.
    let length = 0;
    return broken((inner) => ({
      rewind: async (to) => {
        if (to === 0) await inner.rewind(0);
        length = to;
      },
      forward: async (input, options) => {
        const result = await inner.forward(input, options);
        length += result.logits.shape[0]!;
        return result;
      },
      get length() {
        return length;
      },
    }));
  },
  "only positions in the cache can be kept": () => broken((inner) => ({ rewind: async (to) => inner.rewind(Math.min(Math.max(0, Math.floor(to)), inner.length)) })),
  "two runs give the same numbers": () => {
    let calls = 0;
    return forward(async (inner, input, options) => {
      const { logits, ...rest } = await inner.forward(input, options);
      return { ...rest, logits: scaled(logits, 1 + ++calls * 1e-6) };
    })();
  },
  "the embedding norm is that of the embedding rows": () => broken((inner) => ({ embeddingNorm: inner.embeddingNorm * 1.1 })),
  "a full context is refused, and what was there still stands": forward(async (inner, input, options) =>
    !isVectors(input) && inner.length + input.length > model.config.contextLength ? zeros(input.length) : inner.forward(input, options)),
  "no positions are refused": forward(async (inner, input, options) => ((isVectors(input) ? input.data : input).length === 0 ? zeros(0) : inner.forward(input, options))),
  "vectors of another size are refused": forward((inner, input, options) =>
    inner.forward(isVectors(input) ? tensor([input.shape[0]!, model.config.hiddenSize], input.data.slice(0, input.shape[0]! * model.config.hiddenSize)) : input, options)),
  "token -1 is refused": lenient((token) => token !== -1),
  "token 1.5 is refused": lenient((token) => token !== 1.5),
  "token NaN is refused": lenient((token) => !Number.isNaN(token)),
  "a token behind the vocabulary is refused": lenient((token) => !(token >= model.config.vocabSize)),
};

test("every check is here", () => expect(Object.keys(sabotage)).toEqual(decoderChecks.map(({ name }) => name)));

for (const check of decoderChecks) {
  test(`"${check.name}" catches a decoder for which it does not hold, and lets a sound one pass`, async () => {
    await check.run(sound(), defaultCheckOptions);
    const error: unknown = await check.run(sabotage[check.name]!(), defaultCheckOptions).then(() => null, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/: expected .+, got /);
  });
}

test("an error of another kind is no refusal", async () => {
  const check = decoderChecks.find(({ name }) => name === "no positions are refused")!;
  const crashing = forward((inner, input, options) => ((isVectors(input) ? input.data : input).length === 0 ? Promise.reject(new TypeError("x is undefined")) : inner.forward(input, options)))();
  await expect(check.run(crashing, defaultCheckOptions)).rejects.toThrow(/expected an EngineError, got TypeError: x is undefined/);
});
