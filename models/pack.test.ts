import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeSafetensors } from "../probes/safetensors.ts";
import type { Tensor } from "../probes/tensor.ts";
import { forwardLogits } from "./forward.test-support.ts";
import { readFolder } from "./folder.ts";
import { readMlc } from "./mlc.test-support.ts";
import { untrained } from "../workers/reference/untrained.ts";
import { main, pack } from "./pack.ts";
import type { PackedFile } from "./pack.ts";
import { randomLlama, writeHuggingFaceFolder } from "./random-llama.ts";
import { onnxLogits } from "./session.test-support.ts";

let place = "";
beforeAll(async () => { place = await mkdtemp(join(tmpdir(), "pack-")); });
afterAll(() => rm(place, { recursive: true }));

const model = randomLlama({ layers: 1 });
const tokens = [3, 1, 4, 1, 5];
let count = 0;

/** A fresh folder of the model. */
async function folderOf(m = model): Promise<string> {
  const folder = join(place, `model-${count++}`);
  await writeHuggingFaceFolder(m, folder);
  return folder;
}
const parsed = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(...path), "utf8"));

/** Largest difference between the packed float32 file and a float64 forward pass. */
async function difference(out: string, truth: typeof model): Promise<number> {
  const found = await onnxLogits(await readFile(join(out, "onnx/model.onnx")), truth.config, [tokens]);
  return Math.max(...forwardLogits(truth, tokens).flatMap((logits, t) => [...logits].map((value, i) => Math.abs(value - found[t]![i]!))));
}

/** What an MLC folder of a small model holds. */
const mlcPaths = ["mlc-chat-config.json", "params_shard_0.bin", "tensor-cache.json", "tokenizer.json", "tokenizer_config.json"];
const allMlcPaths = ["mlc-q0f32", "mlc-q4f32_1"].flatMap((folder) => mlcPaths.map((path) => `${folder}/${path}`));

test("a packed folder holds what the engines load, and a list that verifies it", async () => {
  const [folder, out] = [await folderOf(), join(place, "out")];
  const { files } = await pack(folder, out);
  expect(files.map((file) => file.path).sort()).toEqual([
    "config.json", "generation_config.json", ...allMlcPaths, "onnx/model.onnx", "onnx/model_q4.onnx", "tokenizer.json", "tokenizer_config.json",
  ]);
  expect(await parsed(out, "files.json")).toEqual(files);
  for (const { path, bytes, sha256 } of (await parsed(out, "files.json")) as PackedFile[]) {
    const found = await readFile(join(out, path));
    expect([found.length, createHash("sha256").update(found).digest("hex")]).toEqual([bytes, sha256]);
  }
  expect(await readFile(join(out, "config.json"))).toEqual(await readFile(join(folder, "config.json")));
  expect(await parsed(out, "generation_config.json")).toEqual({ bos_token_id: 0, eos_token_id: 1, do_sample: false });
  expect(await difference(out, model)).toBeLessThan(1e-4);
});

test("files that the model brings along are kept; one precision may be enough", async () => {
  const [folder, out] = [await folderOf(), join(place, "kept")];
  await writeFile(join(folder, "tokenizer_config.json"), `{"chat_template": "x"}`);
  const { files } = await pack(folder, out, { dtypes: ["q4"] });
  expect(await parsed(out, "tokenizer_config.json")).toEqual({ chat_template: "x" });
  expect(files.map((file) => file.path).filter((path) => path.startsWith("onnx"))).toEqual(["onnx/model_q4.onnx"]);
});

test("Qwen is packed for both engines", async () => {
  const qwen = randomLlama({ architecture: "qwen3", layers: 1 });
  const out = join(place, "qwen");
  const { files } = await pack(await folderOf(qwen), out, { dtypes: ["fp32"], mlc: ["q0f32"] });
  expect(files.map((file) => file.path)).toEqual(expect.arrayContaining(["onnx/model.onnx", ...mlcPaths.map((path) => `mlc-q0f32/${path}`)]));
  expect(await difference(out, qwen)).toBeLessThan(1e-4);
  const packed = new Map(await Promise.all(mlcPaths.map(async (path) => [path, await readFile(join(out, "mlc-q0f32", path))] as const)));
  expect(readMlc(packed, qwen.config).weights).toEqual(qwen.weights);
});

test("config.json gives the head size of the graph", async () => {
  const out = join(place, "padded");
  await pack(await folderOf(randomLlama({ layers: 1, headDim: 24 })), out, { dtypes: ["fp32"] });
  expect(await parsed(out, "config.json")).toMatchObject({ head_dim: 32, hidden_size: 32 });
});

test("shards are found through their index", async () => {
  const folder = await folderOf();
  const entries = [...model.weights];
  const shards = { "a.safetensors": entries.slice(0, 4), "b.safetensors": entries.slice(4) };
  const weightMap = Object.entries(shards).flatMap(([file, part]) => part.map(([name]) => [name, file]));
  for (const [file, part] of Object.entries(shards)) await writeFile(join(folder, file), encodeSafetensors(new Map(part)));
  await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: Object.fromEntries(weightMap) }));
  await rm(join(folder, "model.safetensors"));
  expect((await readFolder(folder)).model.weights).toEqual(model.weights);
  await rm(join(folder, "b.safetensors"));
  await expect(readFolder(folder)).rejects.toThrow(/expected b\.safetensors, got no such file/);
  await writeFile(join(folder, "model.safetensors.index.json"), `{"weight_map": {"x": "../../x"}}`);
  await expect(readFolder(folder)).rejects.toThrow(/weight_map to file names, got .*\.\.\/x/);
});

/** The weights, exact in bfloat16 or float16, and a file that stores them so. */
function halved(dtype: "F16" | "BF16"): { readonly rounded: typeof model; readonly bytes: Uint8Array } {
  // Multiples of 2⁻⁵ below 4: 7 bits, exact in both.
  const weights = new Map<string, Tensor>();
  for (const [name, { shape, data }] of model.weights) weights.set(name, { shape, data: data.map((x) => Math.round(x * 32) / 32) });
  const bits = (x: number): number => {
    if (dtype === "BF16") return new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16;
    if (x === 0) return 0;
    const exponent = Math.floor(Math.log2(Math.abs(x)));
    return (x < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round((Math.abs(x) / 2 ** exponent - 1) * 1024);
  };
  const header: Record<string, unknown> = {};
  const halves: number[] = [];
  for (const [name, { shape, data }] of weights) {
    header[name] = { dtype, shape, data_offsets: [halves.length * 2, (halves.length + data.length) * 2] };
    data.forEach((x) => halves.push(bits(x)));
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new BigUint64Array([BigInt(text.length)]);
  return { rounded: { config: model.config, weights }, bytes: Buffer.concat([new Uint8Array(length.buffer), text, new Uint8Array(Uint16Array.from(halves).buffer)]) };
}

for (const dtype of ["F16", "BF16"] as const) {
  test(`weights may be ${dtype}`, async () => {
    const [folder, out] = [await folderOf(), join(place, dtype)];
    const { rounded, bytes } = halved(dtype);
    await writeFile(join(folder, "model.safetensors"), bytes);
    await pack(folder, out, { dtypes: ["fp32"] });
    expect(await difference(out, rounded)).toBeLessThan(1e-4);
  });
}

/** Exit code and what was said. */
async function run(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const lines: string[] = [];
  const code = await main(args, (line) => lines.push(line), (line) => lines.push(line));
  return { code, said: lines.join("\n") };
}

test("the command prints what it wrote", async () => {
  const { code, said } = await run(await folderOf(), join(place, "command"));
  expect(code).toBe(0);
  expect(said).toMatch(/\d+ {2}onnx\/model_q4\.onnx\n[^]*16 files and files\.json in \d+ ms/);
});

const refused: [string, () => Promise<string[]>, RegExp][] = [
  ["no arguments", async () => [], /got 0 arguments\nusage/],
  ["three arguments", async () => ["a", "b", "c"], /got 3 arguments/],
  ["an unknown flag", async () => ["a", "b", "--fast"], /got the flag --fast/],
  ["a folder that is not there", async () => [join(place, "nowhere"), "b"], /nowhere: expected config\.json, got no such file; give the folder/],
  ["a file in place of a folder", async () => [join(await folderOf(), "config.json"), "b"], /expected a file, got ENOTDIR/],
  ...(["config.json", "tokenizer.json", "model.safetensors"] as const).map((name): [string, () => Promise<string[]>, RegExp] => [`a folder without ${name}`, async () => {
    const folder = await folderOf();
    await rm(join(folder, name));
    return [folder, join(place, "b")];
  }, new RegExp(`expected ${name}.*got`)]),
  ["a config that is no JSON", async () => {
    const folder = await folderOf();
    await writeFile(join(folder, "config.json"), "{");
    return [folder, join(place, "b")];
  }, /config\.json: expected JSON, got/],
];
for (const [what, args, message] of refused) {
  test(`refuses ${what}`, async () => {
    const { code, said } = await run(...(await args()));
    expect(said).toMatch(message);
    expect(said).toMatch(/usage: npm run pack/);
    expect(code).toBe(2);
  });
}

// The embedded model, whatever its weights are at the time.
const nano = join(import.meta.dirname, "nano");
test.skipIf(!existsSync(join(nano, "model.safetensors")))("nano, packed, agrees with float64", async () => {
  const out = join(place, "nano");
  await pack(nano, out);
  expect(await difference(out, (await readFolder(nano)).model)).toBeLessThan(1e-4);
});

test("the same model before training: its shapes, other weights, and no MLC folder where none is asked for", async () => {
  const folder = await folderOf();
  const out = join(place, "fresh");
  const { files } = await pack(folder, out, { untrained: true, dtypes: ["fp32"], mlc: [] });
  expect(files.map(({ path }) => path).filter((path) => /onnx|mlc/.test(path))).toEqual(["onnx/model.onnx"]);
  const fresh = untrained(model);
  expect(await difference(out, fresh)).toBeLessThan(1e-4);
  expect(await difference(out, model)).toBeGreaterThan(0.01);
});
