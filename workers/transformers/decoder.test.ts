/** The decoder on onnxruntime against the float64 reference, on the same weights, for every layout of graph that exporters write. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asFolder, packed, runtime, sha256 } from "./node.test-support.ts";
import type { OnnxOptions } from "../../models/onnx.ts";
import { huggingFaceConfig, randomLlama, wordTokenizer } from "../../models/random-llama.ts";
import { row, type Tensor } from "../../probes/tensor.ts";
import { AbortError, type Decoder, type LoadProgress, type LoadReport, type ModelRequest, type ResidualEdit } from "../engine.ts";
import type { LlamaModel } from "../llama.ts";
import { ReferenceDecoder, referenceSpec } from "../reference/llama-decoder.ts";
import { wordTokenizer as referenceTokenizer } from "../reference/word-tokenizer.ts";
import type { LoadOptions } from "./decoder.ts";
import type { OnnxDecoder } from "./onnx-decoder.ts";

const folder = (files: ModelRequest["files"]): ModelRequest => ({ source: "folder", id: "test", device: "wasm", ...(files ? { files } : {}) });
const load = async (request: ModelRequest, options: LoadOptions = {}, onProgress: (p: LoadProgress) => void = () => {}, signal = new AbortController().signal) =>
  (await import("./decoder.ts")).loadTransformers(request, onProgress, signal, { runtime, base: "http://localhost/", ...options });

function reference(model: LlamaModel): Decoder {
  return new ReferenceDecoder(model, referenceTokenizer(wordTokenizer(model.config.vocabSize), model.config.eos), referenceSpec(model));
}

/** max |a − b| over max |b|; NaN counts. */
function apart(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  let most = 0;
  let scale = 1;
  a.data.forEach((value, i) => {
    most = Math.max(most, Math.abs(value - b.data[i]!));
    scale = Math.max(scale, Math.abs(b.data[i]!));
  });
  return most / scale;
}
const lastRow = ({ shape, data }: Tensor): Tensor => ({ shape: [1, shape[1]!], data: data.slice(-shape[1]!) });
const tokens = [3, 14, 15, 9, 26, 5];

const layouts: [string, OnnxOptions, Partial<LlamaModel["config"]>][] = [
  ["fused norms", {}, {}],
  ["plain norms", { norms: "plain" }, {}],
  ["decomposed norms", { norms: "decomposed" }, {}],
  ["tied embedding", {}, { tied: true }],
  ["Qwen2, with biases", {}, { architecture: "qwen2", tied: true }],
  ["Qwen3, with norms of heads", {}, { architecture: "qwen3", headDim: 32 }],
  ["one layer, no shared heads", {}, { layers: 1, kvHeads: 4 }],
  ["forty layers, fused norms", {}, { layers: 40 }],
  ["forty layers, plain norms", { norms: "plain" }, { layers: 40 }],
];

describe.each(layouts)("%s", (_, options, sizes) => {
  const model = randomLlama(sizes);
  const truth = reference(model);
  let decoder: Decoder;
  let report: LoadReport;
  beforeAll(async () => {
    ({ decoder, report } = await load(folder(asFolder(packed(model, options)))));
  }, 30_000);
  afterAll(() => decoder.dispose());

  test("logits and every layer's hidden states are the reference's", async () => {
    await decoder.rewind(0);
    await truth.rewind(0);
    for (const piece of [tokens, [7], [8]]) {
      const got = await decoder.forward(piece, { capture: true });
      const want = await truth.forward(piece, { capture: true });
      expect(apart(got.residPost!, want.residPost!)).toBeLessThan(1e-5);
      expect(apart(got.finalNorm, want.finalNorm)).toBeLessThan(1e-5);
      expect(apart(got.logits, want.logits)).toBeLessThan(1e-5);
    }
    expect(decoder.length).toBe(8);
  });

  test("latent steps are the reference's, and so is what follows a rewind", async () => {
    await decoder.rewind(0);
    await truth.rewind(0);
    let got = await decoder.forward(tokens);
    let want = await truth.forward(tokens);
    expect(got.residPost).toBeNull();
    for (let thought = 0; thought < 4; thought++) {
      got = await decoder.forward(lastRow(got.finalNorm), { capture: true });
      want = await truth.forward(lastRow(want.finalNorm), { capture: true });
      expect(apart(got.residPost!, want.residPost!)).toBeLessThan(1e-4);
      expect(apart(got.logits, want.logits)).toBeLessThan(1e-4);
    }
    await decoder.rewind(8);
    await truth.rewind(8);
    expect(decoder.length).toBe(8);
    expect(apart((await decoder.forward([11, 12])).logits, (await truth.forward([11, 12])).logits)).toBeLessThan(1e-4);
  });

  test("edits of every layer do what they do to the reference", async () => {
    const vector = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i + 1));
    for (let layer = 0; layer <= model.config.layers; layer += Math.max(1, Math.floor(model.config.layers / 4))) {
      const edits: ResidualEdit[] = [{ layer, row: 2, operation: "replace", vector }, { layer, row: 4, operation: "add", vector }];
      await decoder.rewind(0);
      await truth.rewind(0);
      for (const [piece, changes] of [[tokens, edits], [[7], [{ ...edits[1]!, row: 0 }]], [[8], []]] as const) {
        const got = await decoder.forward(piece, { capture: true, edits: changes });
        const want = await truth.forward(piece, { capture: true, edits: changes });
        expect(apart(got.residPost!, want.residPost!)).toBeLessThan(1e-5);
        expect(apart(got.logits, want.logits)).toBeLessThan(1e-5);
      }
    }
  });

  test("embedding, lens and unembedding are the reference's", async () => {
    const states = await truth.embed([5, 6, 7]);
    expect(apart(await decoder.embed([5, 6, 7]), states)).toBeLessThan(1e-6);
    expect(apart(await decoder.lens(states), await truth.lens(states))).toBeLessThan(1e-5);
    expect(apart(await decoder.unembed(states), await truth.unembed(states))).toBeLessThan(1e-5);
    expect(decoder.embeddingNorm).toBeCloseTo(truth.embeddingNorm, 4);
  });

  test("the report says what was loaded and that it was checked", () => {
    expect(report.tensors).toHaveLength(model.config.layers + 1);
    expect(report.spec).toMatchObject({ layers: model.config.layers, hiddenSize: 32, vocabSize: 48, contextLength: 128, quantization: "f32" });
    expect(report.spec.revision).toBe(sha256(packed(model, options).get("onnx/model.onnx")!));
    expect(Math.max(report.check.embedding, report.check.head, report.check.latent)).toBeLessThan(report.check.tolerance);
  });
});

test.each([
  ["4-bit weights", { dtype: "q4" }],
  ["4-bit embedding as well", { dtype: "q4", embedding: "q4" }],
] as const)("%s load and pass the check of themselves", async (_, options) => {
  const { decoder, report } = await load(folder(asFolder(packed(randomLlama(), options))));
  expect(report.spec.quantization).toBe("q4");
  expect(report.check.head).toBeLessThan(report.check.tolerance);
  await decoder.dispose();
  await expect(decoder.forward([1])).rejects.toThrow(/disposed of/);
}, 30_000);

describe("what is refused", () => {
  const model = randomLlama();
  const files = packed(model);
  let decoder: Decoder;
  beforeAll(async () => {
    ({ decoder } = await load(folder(asFolder(files))));
  }, 30_000);
  afterAll(() => decoder.dispose());
  const changed = (path: string, bytes: Uint8Array<ArrayBuffer>) => folder(asFolder(new Map(files).set(path, bytes)));
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

  test("a token outside the vocabulary, before anything runs", async () => {
    const { length } = decoder;
    await expect(decoder.forward([1, 48])).rejects.toThrow("forward: expected tokens from 0 to 47, got 48");
    await expect(decoder.embed([-1])).rejects.toThrow("got -1");
    await expect(decoder.forward([])).rejects.toThrow("at least one token");
    expect(decoder.length).toBe(length);
    expect((await decoder.forward([1])).logits.shape).toEqual([1, 48]);
  });

  test("a prompt that is longer than the context", async () => {
    await decoder.rewind(0);
    await decoder.forward(Array.from({ length: 128 }, () => 2));
    await expect(decoder.forward([1])).rejects.toThrow("at most 128 positions, got 128 + 1");
    await decoder.rewind(0);
    await expect(decoder.forward(Array.from({ length: 129 }, () => 2))).rejects.toThrow("at most 128 positions");
  });

  test("vectors of another size, and rewinding forward", async () => {
    await expect(decoder.forward({ shape: [1, 8], data: new Float32Array(8) })).rejects.toThrow("vectors [N, 32]");
    await expect(decoder.lens({ shape: [2, 8], data: new Float32Array(16) })).rejects.toThrow("states [N, 32]");
    await expect(decoder.rewind(decoder.length + 1)).rejects.toThrow("rewind: expected 0 to");
  });

  test("a failed run leaves the decoder as it was", async () => {
    await decoder.rewind(0);
    const before = await decoder.forward([1, 2]);
    await expect(decoder.forward([3.5])).rejects.toThrow("got 3.5");
    await decoder.rewind(0);
    expect((await decoder.forward([1, 2])).logits).toEqual(before.logits);
  });

  test("words outside the vocabulary", () => {
    expect(decoder.tokenizer.encode("t3 t4")).toEqual([3, 4]);
    // In this vocabulary t0 stands for what is unknown.
    expect(() => decoder.tokenizer.encode("t3 cat t4")).toThrow('got "cat"');
    expect(decoder.tokenizer.decode([3, 4])).toBe("t3 t4");
    expect(decoder.tokenizer.text(3)).toBe("t3");
    expect(decoder.tokenizer.endTokens).toEqual([1]);
    expect(decoder.tokenizer.chat("hello")).toBeNull();
  });

  test.each([0.2, 0.5, 0.99])("a model file that ends at %d of its length", async (share) => {
    const whole = files.get("onnx/model.onnx")!;
    await expect(load(changed("onnx/model.onnx", whole.slice(0, whole.length * share)))).rejects.toThrow("onnx: expected a whole ONNX model");
  });

  test("a model file that is something else", async () => {
    await expect(load(changed("onnx/model.onnx", json({ not: "onnx" })))).rejects.toThrow(/^onnx: expected/);
    await expect(load(changed("onnx/model.onnx", new Uint8Array()))).rejects.toThrow("without a graph");
  });

  test("a config that does not belong to the model", async () => {
    const config = { ...huggingFaceConfig(model.config), num_hidden_layers: 7 };
    await expect(load(changed("config.json", json(config)))).rejects.toThrow("residual stream: expected 1 to 4 additions for each of 7 layers, got 4");
    await expect(load(changed("config.json", json({ ...config, num_hidden_layers: 2, hidden_size: 31 })))).rejects.toThrow(/^(embed|model|forward|tensor)/);
    await expect(load(changed("config.json", json({ ...config, model_type: "bert" })))).rejects.toThrow('got model_type "bert"');
    await expect(load(changed("config.json", new TextEncoder().encode("{")))).rejects.toThrow("config.json: expected JSON");
  });

  test("a good model after all of these: nothing is left broken", async () => {
    const { decoder: next, report } = await load(folder(asFolder(files)));
    expect(report.check.latent).toBeLessThan(report.check.tolerance);
    await next.dispose();
  });

  test("loading that is stopped", async () => {
    const controller = new AbortController();
    const stopped = load(folder(asFolder(files)), {}, ({ phase }) => {
      if (phase === "compile") controller.abort();
    }, controller.signal);
    await expect(stopped).rejects.toBeInstanceOf(AbortError);
  });
});

test("a long prompt gives the same in pieces as in one run, tokens and vectors alike", async () => {
  const model = randomLlama();
  const { decoder } = await load(folder(asFolder(packed(model))));
  const truth = reference(model);
  const prompt = Array.from({ length: 60 }, (_, i) => (i * 7) % 48);
  const want = await truth.forward(prompt, { capture: true });
  const vectors = await decoder.embed(prompt);
  for (const longest of [Number.POSITIVE_INFINITY, 16, 7]) {
    (decoder as OnnxDecoder).longestPass = longest;
    for (const input of [prompt, vectors]) {
      await decoder.rewind(0);
      const got = await decoder.forward(input, { capture: true });
      expect(apart(got.logits, want.logits)).toBeLessThan(1e-5);
      expect(apart(got.residPost!, want.residPost!)).toBeLessThan(1e-5);
      expect(apart(got.finalNorm, want.finalNorm)).toBeLessThan(1e-5);
      expect(decoder.length).toBe(60);
    }
  }
  const edits: ResidualEdit[] = [5, 40].map((at) => ({ layer: 1, row: at, operation: "add", vector: row(want.residPost!, 7, 1) }));
  await truth.rewind(0);
  const changed = await truth.forward(prompt, { capture: true, edits });
  await decoder.rewind(0);
  expect(apart((await decoder.forward(prompt, { capture: true, edits })).residPost!, changed.residPost!)).toBeLessThan(1e-5);
  expect(await (await import("./prefill-check.ts")).limitPasses(decoder as OnnxDecoder)).toBe(false);
  await decoder.dispose();
});

test("progress goes from list to ready, and counts every byte", async () => {
  const seen: LoadProgress[] = [];
  const { decoder, report } = await load(folder(asFolder(packed(randomLlama()))), {}, (progress) => seen.push(progress));
  // Dropped files lie on the disk: there is nothing to download.
  expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(["list", "verify", "compile", "check", "ready"]);
  expect(seen.at(-1)).toMatchObject({ loaded: report.bytes, total: report.bytes });
  await decoder.dispose();
});
