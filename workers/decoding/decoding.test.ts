/** The modes and controls on the float64 reference with the embedded model. */
import { beforeAll, describe, expect, test } from "vitest";
import { task } from "../../probes/tasks/index.ts";
import { row, tensor } from "../../probes/tensor.ts";
import { decodingModes, thoughtControls } from "../../probes/trace.ts";
import type { DecodingMode, Thought, Trace } from "../../probes/trace.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, Forward, RunRequest, StepEvent, Tokenizer } from "../engine.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { fillerToken, norm } from "./controls.ts";
import { requestFor } from "./request.ts";
import type { RequestOptions } from "./request.ts";
import { run } from "./run.ts";

const going = new AbortController().signal;
let decoder: Decoder;
beforeAll(() => {
  decoder = nanoDecoder();
});

function request(id: string, mode: DecodingMode, options: Partial<RequestOptions> & { difficulty?: number; problemSeed?: number } = {}): RunRequest {
  const asked = task(id);
  const { difficulty = 2, problemSeed = 5, ...rest } = options;
  const problem = asked.draw(problemSeed, { difficulty, shots: 1, variant: null });
  return requestFor(asked, problem, mode, { shots: 1, ...rest });
}
const traced = (asked: RunRequest, on: Decoder = decoder): Promise<Trace> => run(on, asked, () => undefined, going);
const timeless = (trace: Trace): unknown => ({ ...trace, created: "", steps: trace.steps.map((step) => ({ ...step, milliseconds: 0 })) });
const tail = (trace: Trace): [string, string][] => trace.steps.filter(({ phase }) => phase !== "prompt").map(({ phase, text }) => [phase, text]);

describe("what is recorded", () => {
  const words = (mode: DecodingMode): string[] => {
    const { context, question } = request("pointer-chase", mode);
    return `${context} ${question}`.split(" ");
  };
  const path = (): string[] => {
    const asked = task("pointer-chase");
    const { thinking } = asked.prompt(asked.draw(5, { difficulty: 2, shots: 1, variant: null }), "cot");
    return thinking.kind === "text" ? thinking.reference.flat() : [];
  };

  test.each<[DecodingMode, () => [string, string][]]>([
    ["direct", () => []],
    ["icl", () => []],
    ["cot", () => [...path().map((letter): [string, string] => ["thought", letter]), ["answer", "<ans>"]]],
    ["latent", () => [["thought", ""], ["thought", ""], ["answer", "<ans>"]]],
  ])("%s: one step per position, prompt first", async (mode, after) => {
    const trace = await traced(request("pointer-chase", mode));
    const prompt = trace.steps.filter(({ phase }) => phase === "prompt");
    expect(prompt.map(({ text }) => text)).toEqual(words(mode));
    expect(tail(trace)).toEqual(after());
    expect(trace.steps.map(({ index }) => index)).toEqual(trace.steps.map((_, i) => i));
    // The graph, and for ICL its solved question `<icl> 2 x₁ <ans> y₁ |`, come before.
    expect(trace.questionStart).toBe(mode === "icl" ? 40 : 34);
    expect(trace.steps[34]?.text).toBe(`<${mode}>`);
    const t = trace.steps.length;
    expect(trace.activations.residPost.shape).toEqual([t, 4, 96]);
    expect(trace.activations.finalNorm.shape).toEqual([t, 96]);
    expect(trace.lens?.tokens.shape).toEqual([t, 4, 5]);
    expect(trace.lens?.logprobs.shape).toEqual([t, 4, 5]);
    expect(trace.lens?.entropy.shape).toEqual([t, 4]);
    expect(trace.lens?.answerLogprob.shape).toEqual([t, 4]);
    expect(trace.thought).toBe(mode === "latent" ? "hidden" : null);
    // CoT tokens are the model's own, everything else was given or is a vector.
    trace.steps.forEach(({ phase, logprob, token, holds, normRatio }) => {
      expect(logprob !== null).toBe(mode === "cot" && phase === "thought");
      const latent = mode === "latent" && phase === "thought";
      expect([token === null, holds !== null, normRatio !== null]).toEqual([latent, latent, latent]);
    });
  });

  test("reachability by CoT: candidates are given only after the trace", async () => {
    const trace = await traced(request("reachability", "cot", { difficulty: 2 }));
    const after = tail(trace);
    expect(after.map(([phase]) => phase)).toEqual(["thought", "thought", "thought", "thought", "answer", "answer", "answer"]);
    expect(after.slice(4).map(([, text]) => text)).toEqual(request("reachability", "cot").cue.split(" "));
    expect(trace.answer.correct).toBe(true);
  });

  test("steps say what the last step's logits said, and the lens of the last layer says it again", async () => {
    const trace = await traced(request("pointer-chase", "latent"));
    const lens = trace.lens!;
    trace.steps.forEach((step, t) => {
      expect([...row(lens.tokens, t, 3)]).toEqual(step.top.map(({ token }) => token));
      step.top.forEach(({ logprob }, k) => expect(row(lens.logprobs, t, 3)[k]).toBeCloseTo(logprob, 3));
      expect(row(lens.entropy, t)[3]).toBeCloseTo(step.entropy, 3);
      expect(row(lens.answerLogprob, t)[3]).toBeCloseTo(step.answerLogprob!, 3);
    });
    const last = trace.steps.at(-1)!;
    expect(trace.answer.text).toBe(last.top[0]?.text);
    expect(trace.answer.logprob).toBeCloseTo(last.top[0]!.logprob, 6);
    expect(trace.answer.expectedLogprob).toBeCloseTo(last.answerLogprob!, 6);
    expect(trace.answer.correct).toBe(true);
  });

  test("a latent thought is the final-norm state of the step before, and reads out as the step before predicted", async () => {
    const trace = await traced(request("pointer-chase", "latent"));
    trace.steps.forEach((step, t) => {
      if (step.holds === null) return;
      const fed = row(trace.activations.residPost, t, 0);
      expect(fed).toEqual(row(trace.activations.finalNorm, t - 1));
      expect(step.holds.map(({ token }) => token)).toEqual(trace.steps[t - 1]?.top.map(({ token }) => token));
      expect(step.normRatio).toBeCloseTo(norm(fed) / decoder.embeddingNorm, 6);
    });
  });

  test("a CoT token has the log-probability that the step before gave it", async () => {
    const trace = await traced(request("pointer-chase", "cot"));
    trace.steps.forEach((step, t) => {
      if (step.logprob !== null) expect(trace.steps[t - 1]?.top.find(({ token }) => token === step.token)?.logprob).toBe(step.logprob);
    });
  });

  test("events come in order, as they happen, with their share of the trace; each is waited for", async () => {
    const events: StepEvent[] = [];
    const passes: number[] = [];
    let open = 0;
    const trace = await run(decoder, request("pointer-chase", "latent"), async (some) => {
      expect(++open).toBe(1);
      await Promise.resolve();
      events.push(...some);
      passes.push(some.length);
      open--;
    }, going);
    // The prompt is one forward pass; each thought and each token after it one more.
    expect(passes).toEqual([37, 1, 1, 1]);
    expect(events.map(({ step }) => step)).toEqual(trace.steps);
    events.forEach(({ residPost, lensTokens, lensLogprobs }, t) => {
      expect(residPost).toEqual({ shape: [4, 96], data: row(trace.activations.residPost, t) });
      expect(lensTokens).toEqual({ shape: [4, 5], data: row(trace.lens!.tokens, t) });
      expect(lensLogprobs).toEqual({ shape: [4, 5], data: row(trace.lens!.logprobs, t) });
    });
  });

  test("without capture there are steps and no rows", async () => {
    const trace = await traced(request("pointer-chase", "latent", { capture: false }));
    expect(trace.steps.length).toBeGreaterThan(34);
    expect(trace.lens).toBeNull();
    expect(trace.activations.residPost.shape).toEqual([0, 4, 96]);
    expect(trace.activations.finalNorm.shape).toEqual([0, 96]);
  });

  test("no more tokens are kept than there are", async () => {
    const trace = await traced(request("pointer-chase", "direct", { kept: 1000 }));
    expect(trace.lens?.kept).toBe(64);
    expect(trace.steps[0]?.top).toHaveLength(64);
  });

  test("with no known answer nothing is said about one", async () => {
    const trace = await traced({ ...request("pointer-chase", "latent"), expected: null });
    expect(trace.steps.every(({ answerLogprob }) => answerLogprob === null)).toBe(true);
    expect(trace.lens?.answerLogprob.data.every(Number.isNaN)).toBe(true);
    expect([trace.answer.expected, trace.answer.expectedLogprob, trace.answer.correct]).toEqual([null, null, null]);
  });

  test("an answer of several tokens goes on greedily, its tokens fed as answer", async () => {
    const trace = await traced({ ...request("pointer-chase", "direct"), maxAnswerTokens: 3 });
    const fed = tail(trace);
    expect(trace.answer.tokens).toHaveLength(3);
    expect(fed.map(([phase]) => phase)).toEqual(["answer", "answer"]);
    expect(fed.map(([, text]) => text)).toEqual(trace.answer.text.split(" ").slice(0, 2));
    expect(trace.steps.at(-1)?.logprob).toBeLessThanOrEqual(0);
  });
});

describe("where a chain of thought ends", () => {
  /** A decoder that says what the script says, word after word, whatever it is fed. */
  function scripted(script: readonly number[], texts: readonly string[], end: number): Decoder {
    let length = 0;
    let next = -1;
    const tokenizer: Tokenizer = {
      encode: (text) => [...text].filter((c) => texts.includes(c)).map((c) => texts.indexOf(c)),
      decode: (tokens) => tokens.map((t) => texts[t]!).join(""),
      text: (t) => texts[t]!,
      endTokens: [end],
      chat: () => null,
    };
    const v = texts.length;
    const of = (n: number): Forward => {
      const logits = tensor([n, v]);
      next = length === 0 ? 0 : next + n;
      length += n;
      logits.data[(n - 1) * v + (script[next] ?? end)] = 9;
      return { logits, residPost: null, finalNorm: tensor([n, 1]) };
    };
    return {
      spec: { id: "script", engine: "reference", architecture: "none", layers: 1, hiddenSize: 1, vocabSize: v, contextLength: 100, quantization: "f64", source: "folder", revision: "" },
      tokenizer,
      record: { name: "script", runtime: "", device: "cpu", adapter: null },
      embeddingNorm: 1,
      get length() {
        return length;
      },
      embed: async (tokens) => tensor([tokens.length, 1]),
      forward: async (input) => of("shape" in input ? input.shape[0]! : input.length),
      unembed: async (states) => tensor([states.shape[0]!, v]),
      lens: async (states) => tensor([states.shape[0]!, v]),
      rewind: async (n) => {
        length = n;
      },
      dispose: async () => undefined,
    };
  }
  // Tokens: a b = # . end ; "=#" is a stop of two tokens.
  const texts = ["a", "b", "=", "#", ".", "$"];
  const custom = (part: Partial<RunRequest>): RunRequest => ({
    mode: "cot", context: "", question: "a", cue: "", stop: null, maxThinkingTokens: 6, thoughts: 0, thought: "hidden", noise: 0, other: null,
    maxAnswerTokens: 1, expected: null, temperature: 0, seed: 1, problem: null, capture: false, kept: 2, ...part,
  });
  const steps = async (script: number[], part: Partial<RunRequest>): Promise<{ fed: string; answer: string }> => {
    const trace = await traced(custom(part), scripted(script, texts, 5));
    return { fed: tail(trace).map(([phase, text]) => `${text}${phase === "thought" ? "" : "!"}`).join(""), answer: trace.answer.text };
  };

  test("a stop of one token is left to the cue that begins with it", async () => {
    expect(await steps([0, 1, 2, 1], { stop: "=", cue: "=" })).toEqual({ fed: "ab=!", answer: "b" });
  });
  test("a stop of two tokens is fed once", async () => {
    expect(await steps([0, 2, 3, 1], { stop: "=#", cue: "=#" })).toEqual({ fed: "a=#", answer: "b" });
    expect(await steps([0, 2, 3, 4, 1], { stop: "=#", cue: "=#." })).toEqual({ fed: "a=#.!", answer: "b" });
  });
  test("a stop that the cue does not begin with is fed, and then the cue", async () => {
    expect(await steps([0, 2, 3, 1], { stop: "=", cue: "." })).toEqual({ fed: "a=.!", answer: "b" });
    expect(await steps([0, 2, 1], { stop: "=", cue: "" })).toEqual({ fed: "a=", answer: "b" });
  });
  test("at an end token, and at the most tokens, the cue is fed", async () => {
    expect(await steps([0, 5, 1], { stop: "=", cue: "=" })).toEqual({ fed: "a=!", answer: "b" });
    expect(await steps([0, 0, 0, 0, 1], { stop: "=", cue: "=", maxThinkingTokens: 3 })).toEqual({ fed: "aaa=!", answer: "b" });
  });
  test("without stop and cue, what was produced is the answer", async () => {
    expect(await steps([0, 1, 4, 5], {})).toEqual({ fed: "ab.", answer: "ab." });
    expect(await steps([5], {})).toEqual({ fed: "", answer: "" });
  });
  test("an answer ends at an end token", async () => {
    expect(await steps([0, 1, 5], { mode: "direct", maxAnswerTokens: 9 })).toEqual({ fed: "a!b!", answer: "ab" });
  });
});

describe("prompts at the boundary", () => {
  /** A tokenizer that merges "b c" across a space, as BPE may. */
  const merging = (): Decoder => ({ ...wrap(decoder), tokenizer: { ...decoder.tokenizer, encode: (text) => decoder.tokenizer.encode(text.replace("b c", "z")) } });
  const wrap = (inner: Decoder): Decoder => ({
    spec: inner.spec, tokenizer: inner.tokenizer, record: inner.record, embeddingNorm: inner.embeddingNorm,
    get length() {
      return inner.length;
    },
    embed: (t) => inner.embed(t), forward: (i, o) => inner.forward(i, o), unembed: (s) => inner.unembed(s), lens: (s) => inner.lens(s),
    rewind: (n) => inner.rewind(n), dispose: () => inner.dispose(),
  });
  const asked = (context: string, question: string): RunRequest => ({ ...request("pointer-chase", "direct", { capture: false }), context, question });

  test("context and question are joined by one space", async () => {
    expect((await traced(asked("a b", "c"))).prompt).toBe("a b c");
    expect((await traced(asked("a b\n", "c"))).prompt).toBe("a b\nc");
    expect((await traced(asked("", "c"))).prompt).toBe("c");
  });
  test("the question starts where its tokens part from those of the context", async () => {
    expect((await traced(asked("a b", "c"))).questionStart).toBe(2);
    expect((await traced(asked("", "c"))).questionStart).toBe(0);
    const trace = await traced(asked("a b", "c d"), merging());
    expect(trace.steps.map(({ text }) => text)).toEqual(["a", "z", "d"]);
    expect(trace.questionStart).toBe(1);
  });
});

describe("controls", () => {
  const control = (thought: Thought, options: Partial<RequestOptions> = {}): Promise<Trace> => traced(request("pointer-chase", "latent", { difficulty: 3, thought, ...options }));
  const fed = (trace: Trace): Float32Array[] => trace.steps.flatMap(({ phase, index }) => (phase === "thought" ? [row(trace.activations.residPost, index, 0).slice()] : []));
  const before = (trace: Trace): Float32Array[] => trace.steps.flatMap(({ phase, index }) => (phase === "thought" ? [row(trace.activations.finalNorm, index - 1).slice()] : []));

  test("none: straight from the question to the cue", async () => expect(tail(await control("none"))).toEqual([["answer", "<ans>"]]));

  test("pause: the same filler each time", async () => {
    const filler = await decoder.embed(decoder.tokenizer.encode("<pad>"));
    expect(fed(await control("pause"))).toEqual([filler.data, filler.data, filler.data]);
  });

  test("pause: the filler is <pad> or the like, else a full stop", () => {
    const only = (...known: string[]): Tokenizer => ({
      ...decoder.tokenizer,
      encode: (text) => {
        if (!known.includes(text)) throw new EngineError(`no ${text}`);
        return [known.indexOf(text)];
      },
    });
    expect(fillerToken(only(".", "<pad>"))).toBe(1);
    expect(fillerToken(only(".", "[PAD]"))).toBe(1);
    expect(fillerToken(only("a", "."))).toBe(1);
    expect(() => fillerToken(only("a"))).toThrow(/pause: expected a vocabulary that can write/);
  });

  test("random: the norm of the thought, none of its direction", async () => {
    const trace = await control("random");
    before(trace).forEach((thought, i) => {
      const got = fed(trace)[i]!;
      expect(norm(got)).toBeCloseTo(norm(thought), 3);
      expect(Math.abs(cosine(got, thought))).toBeLessThan(0.5);
    });
  });

  test("swapped: the thoughts that the same model has on the other problem", async () => {
    const asked = request("pointer-chase", "latent", { difficulty: 3, thought: "swapped" });
    const other = await traced({ ...asked, ...asked.other!, thought: "hidden", other: null });
    expect(fed(await traced(asked))).toEqual(fed(other));
    expect(asked.other).not.toBeNull();
    expect(asked.other?.context).not.toBe(asked.context);
  });

  test("argmax: the embedding of the token that the thought reads out as", async () => {
    const trace = await control("argmax");
    for (const [i, thought] of before(trace).entries()) {
      const logits = (await decoder.unembed({ shape: [1, 96], data: Float32Array.from(thought) })).data;
      const token = logits.indexOf(Math.max(...logits));
      expect(fed(trace)[i]).toEqual((await decoder.embed([token])).data);
    }
  });

  test("noise: of about σ times the thought's norm", async () => {
    const trace = await control("noise", { noise: 0.5 });
    before(trace).forEach((thought, i) => {
      const added = Float32Array.from(fed(trace)[i]!, (x, j) => x - thought[j]!);
      expect(norm(added) / norm(thought)).toBeGreaterThan(0.35);
      expect(norm(added) / norm(thought)).toBeLessThan(0.65);
    });
    expect(trace.noise).toBe(0.5);
  });

  test("noise of size 0 is the thought itself", async () => {
    expect(fed(await control("noise", { noise: 0 }))).toEqual(fed(await control("hidden")));
  });

  test.each(["hidden", ...thoughtControls] as const)("%s is the same again for the same seed", async (thought) => {
    expect(timeless(await control(thought, { noise: 0.3 }))).toEqual(timeless(await control(thought, { noise: 0.3 })));
  });

  test.each(["random", "noise"] as const)("%s differs with the seed", async (thought) => {
    expect(fed(await control(thought, { noise: 0.3, seed: 1 }))).not.toEqual(fed(await control(thought, { noise: 0.3, seed: 2 })));
  });

  test("what is read out of a thought is what was fed in", async () => {
    const trace = await control("pause");
    const filler = await decoder.unembed(await decoder.embed(decoder.tokenizer.encode("<pad>")));
    const best = filler.data.indexOf(Math.max(...filler.data));
    for (const step of trace.steps) if (step.holds) expect(step.holds[0]?.token).toBe(best);
  });
});

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0) / (norm(a) * norm(b));
}

describe("sampling", () => {
  test("the same seed gives the same chain, other seeds others", async () => {
    const chain = async (seed: number): Promise<string> => (await traced(request("pointer-chase", "cot", { difficulty: 6, temperature: 4, seed, capture: false }))).steps.map(({ text }) => text).join(" ");
    expect(await chain(1)).toBe(await chain(1));
    expect(new Set([await chain(1), await chain(2), await chain(3)]).size).toBeGreaterThan(1);
  });
});

describe("stopping", () => {
  test("a stop between two steps ends the run with AbortError", async () => {
    const controller = new AbortController();
    let passes = 0;
    const stopped = run(decoder, request("pointer-chase", "latent"), () => {
      if (++passes === 2) controller.abort();
    }, controller.signal);
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    expect(passes).toBe(2);
  });
  test("a run that was stopped before it began takes no step", async () => {
    const stopped = run(decoder, request("pointer-chase", "latent"), () => expect.unreachable(), AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
  });
  test("after a stop the decoder is as good as new", async () => {
    expect((await traced(request("pointer-chase", "latent"))).answer.correct).toBe(true);
  });
});

describe("what cannot be run is refused before anything runs", () => {
  test.each<[string, Partial<RunRequest>, string | RegExp]>([
    ["an empty prompt", { context: "", question: "" }, "run: expected a prompt, got an empty one; write a question"],
    ["white space for a prompt", { context: "", question: " \n" }, "run: expected a prompt, got an empty one; write a question"],
    ["an unknown word", { question: "zebra" }, /tokenizer: expected words of the vocabulary, got "zebra"/],
    ["an unknown word in the cue", { cue: "zebra" }, /got "zebra"/],
    ["an unknown word as the answer", { expected: "zebra" }, /got "zebra"/],
    ["too long a prompt", { question: "a ".repeat(250) }, /run: expected at most 256 positions, the model's context, got 287 \(prompt 284, thinking up to 2, cue 1, answer up to 1\)/],
    ["too many thoughts", { thoughts: 300 }, /thinking up to 300/],
    ["too long a chain", { mode: "cot", thoughts: 0, maxThinkingTokens: 300 }, /thinking up to 300/],
    ["too long an answer", { maxAnswerTokens: 300 }, /answer up to 300/],
    ["minus one thought", { thoughts: -1 }, "run: expected thoughts to be a whole number from 0 up, got -1; set thoughts to 0 or more"],
    ["half a thought", { thoughts: 0.5 }, /expected thoughts to be a whole number/],
    ["minus one token of thinking", { maxThinkingTokens: -1 }, /expected maxThinkingTokens to be a whole number from 0 up, got -1/],
    ["no answer", { maxAnswerTokens: 0 }, /expected maxAnswerTokens to be a whole number from 1 up, got 0/],
    ["nothing kept", { kept: 0 }, /expected kept to be a whole number from 1 up, got 0/],
    ["negative noise", { noise: -0.1 }, "run: expected noise to be a number from 0 up, got -0.1; set noise to 0 or more"],
    ["noise that is no number", { noise: NaN }, /expected noise to be a number/],
    ["a negative temperature", { temperature: -1 }, /expected temperature to be a number from 0 up, got -1/],
    ["a broken seed", { seed: 1.5 }, /expected seed to be a whole number, got 1.5/],
    ["a mode that there is not", { mode: "guess" as DecodingMode }, /expected a mode among direct, icl, cot, latent, got guess/],
    ["a thought that there is not", { thought: "deep" as Thought }, /expected a thought among hidden, rescaled, .*, none, .*, got deep/],
    ["thoughts in another mode", { mode: "direct", thoughts: 2 }, "run: expected no latent thoughts in mode direct, got 2; set thoughts to 0, or choose mode latent"],
    ["swapped without another problem", { thought: "swapped" }, /expected another problem whose thoughts are swapped in, got none/],
    ["swapped with an empty problem", { thought: "swapped", other: { context: "", question: "" } }, /expected a prompt of the other problem, got an empty one/],
    ["swapped with too long a problem", { thought: "swapped", other: { context: "", question: "a ".repeat(300) } }, /prompt 300/],
  ])("%s", async (_, part, message) => {
    const asked = { ...request("pointer-chase", "latent"), ...part };
    const refused = run(decoder, asked, () => expect.unreachable(), going);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(EngineError);
  });
});

test("a request says where its problem came from", () => {
  for (const id of ["pointer-chase", "reachability", "rules"]) {
    for (const mode of decodingModes) {
      const asked = request(id, mode);
      expect(asked.problem).toEqual({ task: id, seed: 5, difficulty: 2, shots: 1, variant: id === "rules" ? "in-distribution" : null });
      expect(asked.thoughts > 0).toBe(mode === "latent");
      expect(asked.stop).toBe(mode === "cot" ? "<ans>" : null);
      expect(asked.seed).toBe(5);
    }
  }
  expect(request("pointer-chase", "latent", { thoughts: 5 }).thoughts).toBe(5);
  expect(request("pointer-chase", "latent", { thoughts: null }).thoughts).toBe(2);
  expect(request("pointer-chase", "direct", { thoughts: 5 }).thoughts).toBe(0);
});
