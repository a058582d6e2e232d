/**
 * What every Decoder must do, as one suite that all engines run on the same
 * weights. Imported by test files only.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { row } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { Decoder } from "./engine.ts";

export interface ContractOptions {
  /** Largest difference between two numbers that should be equal; float32 engines need more than the reference. */
  readonly tolerance?: number;
  /** Token ids to run, at least four, none the same; by default 0 … 7. */
  readonly tokens?: readonly number[];
}

export function decoderContract(name: string, makeDecoder: () => Promise<Decoder>, options: ContractOptions = {}): void {
  const { tolerance = 1e-4, tokens = [0, 1, 2, 3, 4, 5, 6, 7] } = options;

  describe(`${name} keeps the contract of a Decoder`, () => {
    let decoder: Decoder;
    beforeAll(async () => {
      decoder = await makeDecoder();
    });
    beforeEach(() => decoder.rewind(0));
    afterAll(() => decoder.dispose());

    const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
      expect(a.length).toBe(b.length);
      expect(difference(a, b)).toBeLessThanOrEqual(tolerance);
    };
    const last = (t: Tensor): Float32Array => row(t, t.shape[0]! - 1);

    test("shapes are as announced", async () => {
      const { layers, hiddenSize, vocabSize } = decoder.spec;
      const { logits, residPost, finalNorm } = await decoder.forward(tokens, { capture: true });
      expect(logits.shape).toEqual([tokens.length, vocabSize]);
      expect(residPost?.shape).toEqual([tokens.length, layers + 1, hiddenSize]);
      expect(finalNorm.shape).toEqual([tokens.length, hiddenSize]);
      expect(decoder.length).toBe(tokens.length);
    });

    test("no hidden states unless captured", async () => {
      expect((await decoder.forward(tokens)).residPost).toBeNull();
    });

    test("layer 0 is the embedding", async () => {
      const embedded = await decoder.embed(tokens);
      const { residPost } = await decoder.forward(tokens, { capture: true });
      tokens.forEach((_, t) => close(row(residPost!, t, 0), row(embedded, t)));
    });

    test("the lens at the last layer gives the logits", async () => {
      const { layers, hiddenSize } = decoder.spec;
      const { logits, residPost } = await decoder.forward(tokens, { capture: true });
      const states = new Float32Array(tokens.length * hiddenSize);
      tokens.forEach((_, t) => states.set(row(residPost!, t, layers), t * hiddenSize));
      close((await decoder.lens({ shape: [tokens.length, hiddenSize], data: states })).data, logits.data);
    });

    test("the unembedding of the final norm gives the logits", async () => {
      const { logits, finalNorm } = await decoder.forward(tokens);
      close((await decoder.unembed(finalNorm)).data, logits.data);
    });

    test("feeding embed(t) is feeding t", async () => {
      const byToken = await decoder.forward(tokens, { capture: true });
      await decoder.rewind(0);
      const byVector = await decoder.forward(await decoder.embed(tokens), { capture: true });
      close(byVector.logits.data, byToken.logits.data);
      close(byVector.residPost!.data, byToken.residPost!.data);
      await decoder.rewind(tokens.length - 1);
      close(last((await decoder.forward(await decoder.embed(tokens.slice(-1)))).logits), last(byToken.logits));
    });

    test("token by token is the same as all at once", async () => {
      const whole = await decoder.forward(tokens, { capture: true });
      await decoder.rewind(0);
      for (const [t, token] of tokens.entries()) {
        const one = await decoder.forward([token], { capture: true });
        close(one.logits.data, row(whole.logits, t));
        close(one.residPost!.data, row(whole.residPost!, t));
        close(one.finalNorm.data, row(whole.finalNorm, t));
      }
    });

    test("what was rewound leaves no trace", async () => {
      const first = await decoder.forward(tokens);
      await decoder.rewind(2);
      expect(decoder.length).toBe(2);
      await decoder.forward(tokens.slice(2).toReversed());
      await decoder.rewind(2);
      const again = await decoder.forward(tokens.slice(2));
      close(last(again.logits), last(first.logits));
    });

    test("two runs give the same numbers", async () => {
      const first = await decoder.forward(tokens);
      await decoder.rewind(0);
      expect((await decoder.forward(tokens)).logits.data).toEqual(first.logits.data);
    });

    test("the embedding norm is that of the embedding rows", async () => {
      const n = Math.min(decoder.spec.vocabSize, 4096);
      const rows = await decoder.embed(Array.from({ length: n }, (_, i) => i));
      const norms = Array.from({ length: n }, (_, i) => Math.hypot(...row(rows, i)));
      const mean = norms.reduce((a, b) => a + b, 0) / n;
      // Exact where all rows were read, near it where only some were.
      expect(Math.abs(decoder.embeddingNorm - mean) / mean).toBeLessThan(n === decoder.spec.vocabSize ? 1e-4 : 0.3);
    });

    test("a full context is refused, and what was there still stands", async () => {
      const { contextLength } = decoder.spec;
      await decoder.forward(tokens);
      const tooMany = Array.from({ length: contextLength - tokens.length + 1 }, () => tokens[0]!);
      await expect(decoder.forward(tooMany)).rejects.toMatchObject({ name: "EngineError" });
      expect(decoder.length).toBe(tokens.length);
    });

    test.each([-1, 1.5, NaN])("token %s is refused", async (token) => {
      await expect(decoder.forward([token])).rejects.toMatchObject({ name: "EngineError" });
      await expect(decoder.embed([token])).rejects.toMatchObject({ name: "EngineError" });
      expect(decoder.length).toBe(0);
    });

    test("a token behind the vocabulary is refused", async () => {
      await expect(decoder.forward([decoder.spec.vocabSize])).rejects.toMatchObject({ name: "EngineError" });
    });
  });
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= largest)) largest = d;
  }
  return largest;
}
