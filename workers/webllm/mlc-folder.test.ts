/** Which files of an MLC folder are needed, on made-up listings. */
import { describe, expect, test } from "vitest";
import type { ListedFile, Listing } from "../files/listing.ts";
import { findMlcFolder, readMlcConfig, shardsOf } from "./mlc-folder.ts";

const listing = (sizes: Record<string, number>): Listing => {
  const file = (path: string, bytes: number): [string, ListedFile] => [path, { path, bytes, digest: null, url: null, open: () => Promise.reject(new Error("not asked for")) }];
  return { source: "hub", commit: null, cacheable: true, files: new Map(Object.entries(sizes).map(([path, bytes]) => file(path, bytes))) };
};
const small = { "mlc-chat-config.json": 1, "tensor-cache.json": 2, "tokenizer.json": 3 };
const whole = { ...small, "tokenizer_config.json": 4, "params_shard_0.bin": 100, "params_shard_1.bin": 200, "README.md": 5, "tokenizer.model": 6 };
const hub = { source: "hub", id: "mlc-ai/x" } as const;
const within = (prefix: string, sizes: Record<string, number>): Record<string, number> => Object.fromEntries(Object.entries(sizes).map(([path, bytes]) => [prefix + path, bytes]));
const without = (path: string): Listing => listing(Object.fromEntries(Object.entries(whole).filter(([other]) => other !== path)));
const records = (list: unknown): string => JSON.stringify({ records: list });
const shards = [
  { dataPath: "params_shard_0.bin", nbytes: 100 },
  { dataPath: "params_shard_1.bin", nbytes: 200 },
];

describe("the folder", () => {
  test("configuration, list of weights, tokenizer, and what else the tokenizer reads", () => {
    const { config, tensorCache, tokenizer, others, prefix } = findMlcFolder(listing(whole), hub);
    expect([config, tensorCache, tokenizer, ...others].map(({ path }) => path)).toEqual(["mlc-chat-config.json", "tensor-cache.json", "tokenizer.json", "tokenizer_config.json"]);
    expect(prefix).toBe("");
  });
  test("an older list of weights; of both, the newer one", () => {
    const { "tensor-cache.json": bytes, ...rest } = whole;
    expect(findMlcFolder(listing({ ...rest, "ndarray-cache.json": bytes }), hub).tensorCache.path).toBe("ndarray-cache.json");
    expect(findMlcFolder(listing({ ...whole, "ndarray-cache.json": bytes }), hub).tensorCache.path).toBe("tensor-cache.json");
  });
  test("inside of another folder", () => {
    expect(findMlcFolder(listing({ "config.json": 1, ...within("mlc/", whole) }), hub)).toMatchObject({ prefix: "mlc/", config: { path: "mlc/mlc-chat-config.json" } });
  });
  test("of an embedded model, by quantization", () => {
    const both = listing({ ...within("mlc-q0f32/", whole), ...within("mlc-q4f32_1/", whole) });
    const embedded = { source: "embedded", id: "geodesic/nano" } as const;
    expect(findMlcFolder(both, embedded).prefix).toBe("mlc-q0f32/");
    expect(findMlcFolder(both, { ...embedded, dtype: "q4f32_1" }).prefix).toBe("mlc-q4f32_1/");
    expect(() => findMlcFolder(both, { ...embedded, dtype: "q3f16_1" })).toThrow("expected mlc-q3f16_1/mlc-chat-config.json in geodesic/nano, got mlc-q0f32, mlc-q4f32_1");
  });
  test.each(["mlc-chat-config.json", "tensor-cache.json", "tokenizer.json"])("without %s", (path) => {
    expect(() => findMlcFolder(without(path), hub)).toThrow(`hub: expected ${path} in mlc-ai/x, got no such file; choose a model in MLC's format`);
  });
});

describe("the weights", () => {
  const folder = findMlcFolder(listing(whole), hub);
  const read = (list: unknown, from = listing(whole)): string[] => shardsOf(from, folder, records(list)).map(({ path }) => path);

  test("each file that is named, once", () => {
    expect(read([...shards, shards[0]])).toEqual(["params_shard_0.bin", "params_shard_1.bin"]);
  });
  test("one that is missing", () => {
    expect(() => read(shards, without("params_shard_1.bin"))).toThrow('hub: expected "params_shard_1.bin", which tensor-cache.json names, got no such file; take the whole folder');
  });
  test("one of another length", () => {
    expect(() => read([{ dataPath: "params_shard_0.bin", nbytes: 99 }])).toThrow("hub: expected params_shard_0.bin of 99 bytes, as tensor-cache.json says, got 100");
    expect(() => read([{ dataPath: "params_shard_0.bin" }])).toThrow("expected params_shard_0.bin of some bytes");
  });
  test.each(["../secret", "/etc/passwd", "a/b", "", 7, null])("a name that is none: %j", (dataPath) => {
    expect(() => read([{ dataPath, nbytes: 100 }])).toThrow("which tensor-cache.json names, got no such file");
  });
  test.each([["no list", undefined], ["an empty one", []], ["something else", {}]])("%s", (_, list) => {
    expect(() => read(list)).toThrow("tensor-cache.json: expected a list of weights, got none");
  });
  test("a list that is not JSON", () => {
    expect(() => shardsOf(listing(whole), folder, "{")).toThrow("tensor-cache.json: expected JSON");
  });
});

describe("the configuration", () => {
  const config = { model_type: "qwen3", quantization: "q4f32_1", vocab_size: 151_936, context_window_size: 40_960, conv_template: { stop_token_ids: [7, 8] } };
  const read = (value: unknown, generation?: unknown) => readMlcConfig(new Map([["mlc-chat-config.json", JSON.stringify(value)], ...(generation === undefined ? [] : [["generation_config.json", JSON.stringify(generation)] as const])]));

  test("in the words of Hugging Face; a context that fits; every end", () => {
    expect(read(config, { eos_token_id: [8, 9] })).toMatchObject({ architecture: "Qwen3ForCausalLM", quantization: "q4f32_1", vocabSize: 151_936, contextLength: 4096, endTokens: [8, 9, 7] });
    expect(read({ ...config, model_type: "new", context_window_size: undefined, model_config: { context_window_size: 512 } })).toMatchObject({ architecture: "new", contextLength: 512 });
  });
  test.each<[string, unknown, string]>([
    ["no object", [], "expected a JSON object"],
    ["no quantization", { ...config, quantization: 4 }, "expected a quantization such as q4f32_1, got 4"],
    ["no vocabulary", { ...config, vocab_size: undefined }, "expected vocab_size to be a whole number from 1 up, got nothing"],
    ["a sliding window", { ...config, context_window_size: -1 }, "expected context_window_size to be a whole number from 1 up, got -1"],
  ])("%s", (_, value, message) => {
    expect(() => read(value)).toThrow(`mlc-chat-config.json: ${message}`);
  });
});
