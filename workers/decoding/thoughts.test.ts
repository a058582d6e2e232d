/** The latent methods against closed forms, hand-worked numbers and ordinary decoding. */
import { describe, expect, test } from "vitest";
import { randomLlama } from "../../models/random-llama.ts";
import { entropy, logSoftmax } from "../../probes/lens/softmax.ts";
import { Random } from "../../probes/random.ts";
import { task } from "../../probes/tasks/index.ts";
import { matrix, row, tensor } from "../../probes/tensor.ts";
import { thoughtMethods, trainedForLatent } from "../../probes/trace.ts";
import type { Thought, Trace } from "../../probes/trace.ts";
import type { Decoder, Forward, RunRequest, Tokenizer } from "../engine.ts";
import { ReferenceDecoder } from "../reference/llama-decoder.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { norm } from "./controls.ts";
import { requestFor } from "./request.ts";
import type { RequestOptions } from "./request.ts";
import { run } from "./run.ts";
import { EntropySwitch, gumbelWeights, inputWeights, mixedRows, rescaled, softly, softSettings, softWeights, switchSettings, thinking, withToken } from "./thoughts.ts";
import type { Fed, Weight } from "./thoughts.ts";

const going = new AbortController().signal;
const nano = nanoDecoder();
const traced = (asked: RunRequest, on: Decoder = nano): Promise<Trace> => run(on, asked, () => undefined, going);
const chase = task("pointer-chase");
const request = (mode: "cot" | "latent", options: Partial<RequestOptions> = {}): RunRequest => requestFor(chase, chase.draw(5, { difficulty: 3, shots: 0, variant: null }), mode, { shots: 0, ...options });
/** Logits whose softmax at temperature T is p. */
const logitsOf = (p: readonly number[], temperature = 1): Float32Array => Float32Array.from(p, (x) => temperature * Math.log(x));
const sum = (weights: readonly Weight[]): number => weights.reduce((total, { weight }) => total + weight, 0);
const near = (weights: readonly Weight[], expected: readonly (readonly [number, number])[]): void => {
  expect(weights.map(({ token }) => token)).toEqual(expected.map(([token]) => token));
  weights.forEach(({ weight }, i) => expect(weight).toBeCloseTo(expected[i]![1], 6));
};

describe("rescaled", () => {
  test("h at the mean norm of the rows, in h's direction", () => {
    const out = rescaled(matrix([[3, 0, -4]]), 10);
    expect([...out.data]).toEqual([6, 0, -8]);
  });
  test("a state of zeros stays one", () => expect([...rescaled(matrix([[0, 0]]), 10).data]).toEqual([0, 0]));
  test("in a run every thought has norm ratio 1, and holds what it held before", async () => {
    const trace = await traced(request("latent", { thought: "rescaled" }));
    const steps = trace.steps.filter(({ phase }) => phase === "thought");
    expect(steps).toHaveLength(3);
    for (const step of steps) {
      const before = row(trace.activations.finalNorm, step.index - 1);
      const fed = row(trace.activations.residPost, step.index, 0);
      expect(step.normRatio).toBeCloseTo(1, 6);
      expect(Math.abs(norm(before) / nano.embeddingNorm - 1)).toBeGreaterThan(0.2);
      fed.forEach((x, i) => expect(x).toBeCloseTo((before[i]! * nano.embeddingNorm) / norm(before), 5));
      expect(step.holds!.map(({ token }) => token)).toEqual(trace.steps[step.index - 1]!.top.map(({ token }) => token));
      expect(step.holds![0]!.logprob).toBeCloseTo(trace.steps[step.index - 1]!.top[0]!.logprob, 4);
    }
  });
});

describe("soft thinking", () => {
  test("the published numbers", () => expect(softSettings).toEqual({ temperature: 0.6, topK: 30, topP: 0.95, minP: 0.001, mixed: 10, coldSteps: 256, coldEntropy: 0.01 }));
  test("top-p keeps the token that reaches P, and the rest is brought to sum 1", () => {
    near(softWeights(logitsOf([0.16, 0.5, 0.04, 0.3], 0.6)), [[1, 0.5 / 0.96], [3, 0.3 / 0.96], [0, 0.16 / 0.96]]);
  });
  test("top-p is taken of what top-k left", () => {
    // Of all, .4 + .3 = .7 is less than .75; of the best three, 7 of 9 is more.
    near(softWeights(logitsOf([0.4, 0.3, 0.2, 0.1]), { ...softSettings, temperature: 1, topK: 3, topP: 0.75 }), [[0, 4 / 7], [1, 3 / 7]]);
  });
  test("min-p is a share of the best", () => {
    near(softWeights(logitsOf([0.5, 0.3, 0.2]), { ...softSettings, temperature: 1, topP: 1, minP: 0.5 }), [[0, 5 / 8], [1, 3 / 8]]);
  });
  test("at most ten tokens are mixed, of equals those of lower id", () => {
    near(softWeights(new Float32Array(100)), Array.from({ length: 10 }, (_, i) => [i, 0.1] as const));
  });
  test("weights are positive, best first, and add up to 1", () => {
    const random = new Random(1);
    for (let i = 0; i < 200; i++) {
      const weights = softWeights(Float32Array.from({ length: 500 }, () => 5 * random.normal()));
      expect(sum(weights)).toBeCloseTo(1, 12);
      weights.forEach(({ weight }, k) => expect(weight > 0 && weight <= (weights[k - 1]?.weight ?? 1)).toBe(true));
    }
  });
  test("Cold Stop: after so many sure steps in a row the thinking ends, and an unsure one begins the count again", async () => {
    const next = softly(nano, (weights) => weights, { ...softSettings, coldSteps: 2 });
    const sure = { hidden: tensor([1, 96]), logits: Float32Array.from({ length: 64 }, (_, i) => (i === 20 ? 100 : 0)) };
    const unsure = { ...sure, logits: new Float32Array(64) };
    const fed: (Fed | null)[] = [];
    for (const at of [sure, unsure, sure, sure]) fed.push(await next(at));
    expect(fed.map((one) => one === null)).toEqual([false, false, false, true]);
  });
  test("Cold Stop looks at the distribution at its temperature", async () => {
    // Two tokens apart by 4.8: 0.048 nats as they are, 0.003 nats at temperature 0.6.
    const logits = new Float32Array(64).fill(-1e4);
    logits.set([4.8, 0], 20);
    expect(entropy(logSoftmax(logits))).toBeGreaterThan(softSettings.coldEntropy);
    expect(await softly(nano, (weights) => weights, { ...softSettings, coldSteps: 1 })({ hidden: tensor([1, 96]), logits })).toBeNull();
  });
});

// ——— a mixture of one token is that token ———

/** Predictions sharpened until the likeliest token has probability 1. */
function sharpened(inner: Decoder): Decoder {
  return {
    spec: inner.spec, tokenizer: inner.tokenizer, record: inner.record, embeddingNorm: inner.embeddingNorm,
    get length() {
      return inner.length;
    },
    embed: (t) => inner.embed(t), unembed: (s) => inner.unembed(s), lens: (s) => inner.lens(s), rewind: (n) => inner.rewind(n), dispose: () => inner.dispose(),
    forward: async (input, options): Promise<Forward> => {
      const forward = await inner.forward(input, options);
      return { ...forward, logits: { shape: forward.logits.shape, data: forward.logits.data.map((z) => z * 1e5) } };
    },
  };
}
const digits: Tokenizer = { encode: (text) => [...text].map(Number), decode: (tokens) => tokens.join(""), text: String, endTokens: [], chat: () => null };
function digitLlama(seed: number): Decoder {
  return new ReferenceDecoder(randomLlama({ hiddenSize: 8, headDim: 2, intermediateSize: 12, vocabSize: 10, contextLength: 32, eos: [] }, seed), digits);
}

describe("with a one-hot distribution a mixture is ordinary decoding, bit for bit", () => {
  const cases: [string, Decoder, RunRequest][] = [
    ["nano", sharpened(nano), { ...request("cot"), stop: null, maxThinkingTokens: 3 }],
    ["a random Llama", sharpened(digitLlama(3)), { ...request("cot"), context: "", question: "314159", cue: "2", stop: null, maxThinkingTokens: 8, expected: null, problem: null }],
  ];
  for (const [name, decoder, cot] of cases) {
    test.each(["soft", "mixture"] as const)(`${name}, %s`, async (thought) => {
      const tokens = await traced(cot, decoder);
      const soft = await traced({ ...cot, mode: "latent", thought, thoughts: cot.maxThinkingTokens }, decoder);
      const thoughts = soft.steps.filter(({ phase }) => phase === "thought");
      expect(thoughts).toHaveLength(cot.maxThinkingTokens);
      expect(thoughts.map(({ holds }) => holds)).toEqual(tokens.steps.filter(({ phase }) => phase === "thought").map(({ token, text }) => [{ token, text, logprob: 0 }]));
      expect(soft.activations.residPost.data).toEqual(tokens.activations.residPost.data);
      expect(soft.activations.finalNorm.data).toEqual(tokens.activations.finalNorm.data);
      expect(soft.lens!.logprobs.data).toEqual(tokens.lens!.logprobs.data);
      expect(soft.steps.map(({ top, entropy: h }) => [top, h])).toEqual(tokens.steps.map(({ top, entropy: h }) => [top, h]));
      expect(soft.answer).toEqual(tokens.answer);
    });
  }

  test("every row of the embedding goes in as its token does", async () => {
    await nano.rewind(0);
    await nano.forward([1, 2, 3]);
    for (const token of [0, 9, 40, 63]) {
      const given = await nano.forward([token], { capture: true });
      await nano.rewind(3);
      const vector = await mixedRows(nano, [{ token, weight: 1 }]);
      expect(vector.data).toEqual((await nano.embed([token])).data);
      const mixed = await nano.forward(vector, { capture: true });
      await nano.rewind(3);
      expect(mixed).toEqual(given);
    }
  });
});

test("rows are mixed by their weights", async () => {
  const rows = [[1, 0], [0, 2], [4, 4]];
  const out = await mixedRows({ embed: async (tokens) => matrix(tokens.map((t) => rows[t]!)) }, [{ token: 2, weight: 0.5 }, { token: 0, weight: 0.3 }, { token: 1, weight: 0.2 }]);
  expect(out.shape).toEqual([1, 2]);
  expect(out.data[0]).toBeCloseTo(2.3, 6);
  expect(out.data[1]).toBeCloseTo(2.4, 6);
});

describe("Gumbel noise", () => {
  const weights: Weight[] = [{ token: 4, weight: 0.6 }, { token: 1, weight: 0.3 }, { token: 9, weight: 0.1 }];
  test("is the same again for the same seed, and other for another", () => {
    expect(gumbelWeights(weights, new Random(1))).toEqual(gumbelWeights(weights, new Random(1)));
    expect(gumbelWeights(weights, new Random(1))).not.toEqual(gumbelWeights(weights, new Random(2)));
  });
  test("leaves the tokens, best first, with sum 1", () => {
    const random = new Random(3);
    for (let i = 0; i < 200; i++) {
      const noisy = gumbelWeights(weights, random);
      expect(noisy.map(({ token }) => token).sort((a, b) => a - b)).toEqual([1, 4, 9]);
      expect(sum(noisy)).toBeCloseTo(1, 12);
      expect(noisy[0]!.weight).toBeGreaterThanOrEqual(noisy[2]!.weight);
    }
  });
  // The Gumbel-max theorem: whatever τ, the best token is token i with probability wᵢ.
  test.each([0.5, 1])("puts each token first as often as it weighs, τ = %s", (temperature) => {
    const random = new Random(5);
    const first = new Map<number, number>();
    for (let i = 0; i < 20_000; i++) {
      const { token } = gumbelWeights(weights, random, temperature)[0]!;
      first.set(token, (first.get(token) ?? 0) + 1);
    }
    for (const { token, weight } of weights) expect(Math.abs(first.get(token)! / 20_000 - weight)).toBeLessThan(0.015);
  });
  test("of one token is that token", () => expect(gumbelWeights([{ token: 7, weight: 1 }], new Random(1))).toEqual([{ token: 7, weight: 1 }]));
  test("a run is the same again for its seed, and other for another", async () => {
    // nano is so sure of its letters that there is nothing to make noise of; a random model is not.
    const unsure = digitLlama(3);
    const asked = { ...request("latent", { thought: "gumbel" }), context: "", question: "314159", cue: "2", expected: null, problem: null };
    const fed = async (seed: number): Promise<unknown> => (await traced({ ...asked, seed }, unsure)).steps.map(({ holds }) => holds);
    expect(await fed(1)).toEqual(await fed(1));
    expect(await fed(1)).not.toEqual(await fed(2));
  });
});

describe("mixture of inputs", () => {
  test("an even distribution over four, β = 1: (1/4 + 1)/2 of the sampled token, 1/8 of each other", () => {
    near(inputWeights(logitsOf([0.25, 0.25, 0.25, 0.25]), 2), [[2, 0.625], [0, 0.125], [1, 0.125], [3, 0.125]]);
  });
  test("two tokens at 1/2, β = 0 is the distribution, a large β the token", () => {
    near(inputWeights(logitsOf([0.5, 0.5]), 1, { beta: 0, candidates: 20 }), [[0, 0.5], [1, 0.5]]);
    near(inputWeights(logitsOf([0.5, 0.5]), 1, { beta: 999, candidates: 20 }), [[1, 0.9995], [0, 0.0005]]);
  });
  test("a certain prediction is its token", () => expect(inputWeights(Float32Array.of(500, 0, 0), 0)).toEqual([{ token: 0, weight: 1 }]));
  test("only the n likeliest stand for the distribution; a sampled token beyond them has its own share", () => {
    // p = (1/2, 1/2) over tokens 0 and 1, Ĥ = 1: the token that was sampled has β/(1 + β).
    near(inputWeights(logitsOf([0.45, 0.45, 0.1]), 2, { beta: 1, candidates: 2 }), [[2, 0.5], [0, 0.25], [1, 0.25]]);
  });
  test("the token is drawn at temperature 0.6 from the nucleus of 0.8", async () => {
    // At that temperature 0.5, 0.35, 0.1 and 0.05: two tokens are the fewest with 0.8.
    const logits = logitsOf([0.5, 0.35, 0.1, 0.05, ...Array.from({ length: 6 }, () => 1e-12)], 0.6);
    const next = thinking(digitLlama(1), { thought: "mixture", steps: 1, noise: 0, swapped: [], random: new Random(4) });
    const drawn = [0, 1].map((token) => ({ weights: inputWeights(logits, token), count: 0 }));
    for (let i = 0; i < 1000; i++) {
      const fed = await next({ hidden: tensor([1, 8]), logits }, 0);
      const own = drawn.find(({ weights }) => fed?.kind === "vector" && fed.weights![0]!.weight === weights[0]!.weight && fed.weights![0]!.token === weights[0]!.token);
      expect(own).toBeDefined();
      own!.count++;
    }
    expect(Math.abs(drawn[0]!.count / 1000 - 0.5 / 0.85)).toBeLessThan(0.06);
  });
  test("is the paper's formula, and adds up to 1", () => {
    const random = new Random(2);
    for (let i = 0; i < 200; i++) {
      const logits = Float32Array.from({ length: 12 }, () => 2 * random.normal());
      const [beta, y] = [2 * random.uniform(), random.integer(12)];
      const p = logSoftmax(logits).map(Math.exp);
      const h = entropy(logSoftmax(logits)) / Math.log(12);
      const weights = inputWeights(logits, y, { beta, candidates: 20 });
      expect(sum(weights)).toBeCloseTo(1, 12);
      for (const { token, weight } of weights) expect(weight).toBeCloseTo((h * p[token]! + (token === y ? beta + 1 - h : 0)) / (beta + 1), 6);
    }
  });
});

describe("switch", () => {
  test("mixtures until the entropy falls, tokens for a window at least, until it rises", () => {
    const rule = new EntropySwitch(3);
    const seen = [2, 2.5, 2, 1.9, 2.2, 2.2, 2.2, 2.3, 2.1, 1, 1, 1, 2.1, 2.2].map((h) => {
      const { mode, entered } = rule.next(h);
      return `${mode}${entered ? "!" : ""}`;
    });
    //                     2       2.5     2       1.9      2.2     2.2     2.2      2.3     2.1      1       1       1       2.1     2.2
    expect(seen).toEqual(["soft", "soft", "soft", "hard!", "hard", "hard", "soft!", "soft", "hard!", "hard", "hard", "hard", "hard", "soft!"]);
  });

  // Tokens: a b <think> </think> line break end. The embedding is the identity, so that a fed vector is its weights.
  const texts = ["a", "b", "<think>", "</think>", "\n", "$"];
  const decoder = (known: readonly string[]): Decoder => ({
    ...digitLlama(1),
    spec: { ...nano.spec, vocabSize: 6, hiddenSize: 6 },
    tokenizer: { encode: (text) => (known.includes(text) ? [texts.indexOf(text)] : [0, 1]), decode: (tokens) => tokens.map((t) => texts[t]).join(""), text: (t) => texts[t]!, endTokens: [5], chat: () => null },
    embed: async (tokens) => matrix(tokens.map((t) => texts.map((_, i) => (i === t ? 1 : 0)))),
  });
  const floor = 1e-9;
  const at = (a: number): { hidden: ReturnType<typeof tensor>; logits: Float32Array } => ({ hidden: tensor([1, 6]), logits: logitsOf([a, 1 - a, floor, floor, floor, floor]) });
  const steps = async (known: readonly string[], as: readonly number[]): Promise<(number[] | number | null)[]> => {
    const next = thinking(decoder(known), { thought: "switch", steps: 10, noise: 0, swapped: [], random: new Random(1) });
    const out: (number[] | number | null)[] = [];
    for (const [i, a] of as.entries()) {
      const fed = await next(at(a), i);
      out.push(fed === null ? null : fed.kind === "token" ? fed.token : [...fed.vector.data].map((x) => Math.round(x * 1e4) / 1e4));
    }
    return out;
  };
  const sure = 1 - 1e-6;
  // Entropies: ln 2, then less (hard), then three sure steps, then more again (soft).
  const path = [0.5, 0.9, sure, sure, sure, 0.5];

  test("what is fed, with think tokens", async () => {
    expect(switchSettings.window).toBe(4);
    const [first, entering, ...rest] = await steps(texts, path);
    expect(first).toEqual([0.45, 0.45, 0, 0, 0.1, 0]);
    // β = 0.7 + 0.3 · 1/10
    expect(entering).toEqual([0.657, 0.073, 0, 0.27, 0, 0]);
    expect(rest.slice(0, 3)).toEqual([0, 0, 0]);
    // α = 0.6 + 0.4 · 5/10
    expect(rest[3]).toEqual([0.4, 0.4, 0.2, 0, 0, 0]);
  });
  test("what is fed without them", async () => {
    const [first, entering, ...rest] = await steps([], path);
    expect(first).toEqual([0.5, 0.5, 0, 0, 0, 0]);
    expect(entering).toBe(0);
    expect(rest).toEqual([0, 0, 0, [0.5, 0.5, 0, 0, 0, 0]]);
  });
  test("tokens are drawn at temperature 0.6 from the nucleus of 0.95", async () => {
    const first = async (a: number): Promise<number> => (await steps([], [0.5, ...Array.from({ length: 1000 }, () => a)])).slice(1).filter((fed) => fed === 0).length / 1000;
    // 0.8 and 0.2 become 0.91 and 0.09; 0.9 becomes 0.975, which is enough alone.
    expect(Math.abs((await first(0.8)) - 0.9098)).toBeLessThan(0.04);
    expect(await first(0.9)).toBe(1);
  });
  test("weights of another token are moved to it", () => {
    near(withToken([{ token: 1, weight: 0.75 }, { token: 2, weight: 0.25 }], 2, 0.5), [[2, 0.625], [1, 0.375]]);
    near(withToken([{ token: 1, weight: 1 }], 2, 0), [[1, 1]]);
    near(withToken([{ token: 1, weight: 1 }], null, 0.5), [[1, 1]]);
  });

  test.each(["soft", "gumbel", "mixture", "switch"] as const)("%s ends where the model would: at an end token, and at </think>", async (thought) => {
    for (const token of [3, 5]) {
      const next = thinking(decoder(texts), { thought, steps: 10, noise: 0, swapped: [], random: new Random(1) });
      expect(await next({ hidden: tensor([1, 6]), logits: Float32Array.from(texts, (_, i) => (i === token ? 50 : 0)) }, 0)).toBeNull();
    }
  });

  test("in a run: hard steps are tokens with their log-probability, mixtures vectors with their weights", async () => {
    const trace = await traced(request("latent", { thought: "switch", thoughts: 12 }));
    const steps = trace.steps.filter(({ phase }) => phase === "thought");
    expect(steps.length).toBeGreaterThan(1);
    const hard = steps.filter(({ token }) => token !== null);
    expect(hard.length).toBeGreaterThan(0);
    for (const step of hard) {
      const { token, text, logprob, holds, nearest, normRatio } = step;
      expect([text, holds, nearest, normRatio]).toEqual([nano.tokenizer.text(token!), null, null, null]);
      expect(logprob).toBeLessThanOrEqual(0);
      expect(row(trace.activations.residPost, step.index, 0)).toEqual((await nano.embed([token!])).data);
    }
    expect(steps[0]!.token).toBeNull();
    expect(trace.thought).toBe("switch");
  });
});

describe("what is recorded of a vector", () => {
  test.each(thoughtMethods)("%s: norm ratio and nearest rows are those of the vector that went in", async (thought) => {
    const trace = await traced(request("latent", { thought }));
    const all = await nano.embed(Array.from({ length: 64 }, (_, i) => i));
    const steps = trace.steps.filter(({ phase, token }) => phase === "thought" && token === null);
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) {
      const fed = row(trace.activations.residPost, step.index, 0);
      expect(step.normRatio).toBeCloseTo(norm(fed) / nano.embeddingNorm, 6);
      const cosines = Array.from({ length: 64 }, (_, i) => {
        const other = row(all, i);
        return fed.reduce((dot, x, j) => dot + x * other[j]!, 0) / (norm(fed) * norm(other));
      });
      // nano has 64 tokens, so that all of them are looked at.
      const best = cosines.map((cosine, token) => ({ cosine, token })).sort((a, b) => b.cosine - a.cosine).slice(0, 5);
      expect(step.nearest!.map(({ token }) => token)).toEqual(best.map(({ token }) => token));
      step.nearest!.forEach(({ cosine, text, token }, k) => {
        expect(cosine).toBeCloseTo(best[k]!.cosine, 6);
        expect(text).toBe(nano.tokenizer.text(token));
      });
    }
  });
  test.each(["soft", "gumbel", "mixture"] as const)("%s: it holds its weights, and they make the vector", async (thought) => {
    const trace = await traced(request("latent", { thought, kept: 64 }));
    for (const step of trace.steps) {
      if (!step.holds) continue;
      expect(step.holds.reduce((total, { logprob }) => total + Math.exp(logprob), 0)).toBeCloseTo(1, 9);
      const vector = await mixedRows(nano, step.holds.map(({ token, logprob }) => ({ token, weight: Math.exp(logprob) })));
      const fed = row(trace.activations.residPost, step.index, 0);
      vector.data.forEach((x, i) => expect(x).toBeCloseTo(fed[i]!, 5));
    }
  });
  test("a vector without a direction has no nearest token", async () => {
    const none = { ...request("latent", { thought: "swapped" }) };
    const zero: Decoder = { ...sharpened(nano), embed: async (tokens) => tensor([tokens.length, 96]) };
    const trace = await traced({ ...none, thought: "pause", other: null }, zero);
    const steps = trace.steps.filter(({ nearest }) => nearest !== null);
    expect(steps.length).toBeGreaterThan(0);
    for (const { nearest, normRatio } of steps) {
      expect(normRatio).toBe(0);
      expect(nearest!.every(({ cosine }) => Number.isNaN(cosine))).toBe(true);
    }
  });
  test("without capture the answer is the same", async () => {
    for (const thought of thoughtMethods) {
      const asked = request("latent", { thought });
      expect((await traced({ ...asked, capture: false })).answer).toEqual((await traced(asked)).answer);
    }
  });
});

test.each<[string, "embedded" | "hub", Thought | undefined, boolean]>([
  ["the embedded model's own loop", "embedded", undefined, true],
  ["the embedded model by another method", "embedded", "soft", false],
  ["another model", "hub", "hidden", false],
])("trained for latent thoughts: %s", (_, source, thought, trained) => expect(trainedForLatent({ source }, thought)).toBe(trained));
