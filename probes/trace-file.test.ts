import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { tensor, type Tensor } from "./tensor.ts";
import { exampleTrace } from "./trace.example.ts";
import { decodeTrace, encodeTrace } from "./trace-file.ts";
import { decodingModes, thoughts } from "./trace.ts";
import type { Step, Trace } from "./trace.ts";

const bits = (t: Tensor): Uint8Array => new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);

test.each([...decodingModes])("a %s trace comes back as it was, bit for bit", (mode) => {
  const trace = exampleTrace({ mode });
  const back = decodeTrace(encodeTrace(trace));
  expect(back).toEqual(trace);
  expect(bits(back.activations.residPost)).toEqual(bits(trace.activations.residPost));
  expect(encodeTrace(back)).toEqual(encodeTrace(trace));
});
test("without a lens, and without hidden states", () => {
  for (const trace of [exampleTrace({ lens: false }), exampleTrace({ captured: false, lens: false })]) expect(decodeTrace(encodeTrace(trace))).toEqual(trace);
});
test("NaN, ±∞ and −0 survive, in tensors (payload included) and in the record", () => {
  const trace = exampleTrace();
  new Uint32Array(trace.activations.residPost.data.buffer)[0] = 0x7fc12345;
  trace.activations.residPost.data.set([Infinity, -0], 1);
  const odd: Trace = { ...trace, steps: trace.steps.map((s, i): Step => ({ ...s, entropy: [NaN, Infinity, -Infinity, -0, 0.1, 5e-324][i]!, answerLogprob: -Infinity })) };
  const back = decodeTrace(encodeTrace(odd));
  back.steps.forEach((s, i) => expect(Object.is(s.entropy, odd.steps[i]!.entropy)).toBe(true));
  expect(back.steps[0]!.answerLogprob).toBe(-Infinity);
  expect(bits(back.activations.residPost)).toEqual(bits(trace.activations.residPost));
});
test("texts stay texts, whatever they hold", () => {
  const texts = ["<script>alert(1)</script>", "NaN", "null", "\u0000\ud83d\ude00 \u202e", '"\\', "__proto__"];
  const trace = exampleTrace();
  const odd: Trace = { ...trace, prompt: texts.join("\n"), steps: trace.steps.map((s, i) => ({ ...s, text: texts[i]! })) };
  expect(decodeTrace(encodeTrace(odd))).toEqual(odd);
});

test.each(thoughts)("a trace of %s comes back", (thought) => {
  const trace: Trace = { ...exampleTrace({ mode: "latent" }), thought };
  expect(decodeTrace(encodeTrace(trace)).thought).toBe(thought);
});
test("a file from before there were nearest tokens reads as having none", () => {
  const old = decodeTrace(spoiled({ record: (r) => steps(r).forEach((step) => delete step["nearest"]) }));
  const now = exampleTrace();
  expect(old).toEqual({ ...now, steps: now.steps.map((step) => ({ ...step, nearest: null })) });
});
test("a cosine that is not a number survives", () => {
  const trace = exampleTrace();
  const odd: Trace = { ...trace, steps: trace.steps.map((step) => ({ ...step, nearest: [{ token: 1, text: "b", cosine: NaN }] })) };
  expect(decodeTrace(encodeTrace(odd)).steps[0]!.nearest).toEqual([{ token: 1, text: "b", cosine: NaN }]);
});
test("an altered run comes back, with and without a place where it branches; a file from before has neither", () => {
  const trace: Trace = { ...exampleTrace({ mode: "latent" }), interventions: [{ kind: "skip", thought: 1 }, { kind: "residual", step: 0, layer: 0, operation: "add", vector: Array.from({ length: exampleTrace().model.hiddenSize }, (_, i) => i / 3) }], branch: 2 };
  expect(decodeTrace(encodeTrace(trace))).toEqual(trace);
  expect(decodeTrace(encodeTrace({ ...trace, branch: null }))).toEqual({ ...trace, branch: null });
  expect("interventions" in decodeTrace(encodeTrace(exampleTrace()))).toBe(false);
});
test.each<[string, unknown]>([
  ["an unknown kind", [{ kind: "delete", thought: 0 }]],
  ["no list", { kind: "skip", thought: 0 }],
  ["a thought of −1", [{ kind: "skip", thought: -1 }]],
  ["a layer past the last", [{ kind: "residual", step: 0, layer: 99, operation: "add", vector: [] }]],
  ["a vector of another width", [{ kind: "steer", thought: 0, vector: [1], scale: 1 }]],
  ["an unknown replacement", [{ kind: "replace", thought: 0, replacement: { by: "magic" } }]],
])("interventions with %s", (_, interventions) => expect(() => decodeTrace(spoiled({ record: (r) => (r["interventions"] = interventions) }))).toThrow("decodeTrace: "));

// ——— Files that are not traces ———

type Json = Record<string, unknown>;
/** The example's file with its record, its version or its tensors changed. */
function spoiled(change: { record?: (r: Json) => void; json?: string; version?: string | null; tensors?: (t: Map<string, Tensor>) => void }): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encodeTrace(exampleTrace()));
  const record = JSON.parse(metadata["geodesic.trace"]!) as Json;
  change.record?.(record);
  change.tensors?.(tensors);
  const version = change.version === undefined ? "1" : change.version;
  return encodeSafetensors(tensors, { "geodesic.trace": change.json ?? JSON.stringify(record), ...(version === null ? {} : { "geodesic.version": version }) });
}
const steps = (r: Json): Json[] => r["steps"] as Json[];
const model = (r: Json): Json => r["model"] as Json;

test("a file that is not safetensors", () => expect(() => decodeTrace(new TextEncoder().encode("not a tensor in sight, only words"))).toThrow(RangeError));
test("an empty file", () => expect(() => decodeTrace(new Uint8Array())).toThrow(RangeError));
test("a file cut short, anywhere", () => {
  const bytes = encodeTrace(exampleTrace());
  for (const n of [4, 8, 100, bytes.length >> 1, bytes.length - 1]) expect(() => decodeTrace(bytes.subarray(0, n))).toThrow(RangeError);
});
test("safetensors of something else", () => expect(() => decodeTrace(encodeSafetensors(new Map([["w", tensor([2])]]), { format: "pt" }))).toThrow("expected an entry geodesic.trace"));
test.each([["2"], ["01"], [null]])("version %s", (version) => expect(() => decodeTrace(spoiled({ version }))).toThrow("geodesic.version: expected \"1\""));
test.each([["{"], ["null"], ["[]"], ["7"], ['"x"'], ["{}"], ['{"__proto__":{"model":{}}}']])("a record of %s", (json) => expect(() => decodeTrace(spoiled({ json }))).toThrow("decodeTrace: "));

test.each<[string, (t: Map<string, Tensor>) => void]>([
  ["no hidden states", (t) => t.delete("resid_post")],
  ["a step too few", (t) => t.set("resid_post", tensor([5, 3, 4]))],
  ["a layer too few", (t) => t.set("resid_post", tensor([6, 2, 4]))],
  ["another hidden size", (t) => t.set("resid_post", tensor([6, 3, 5]))],
  ["a flat tensor of the same size", (t) => t.set("resid_post", tensor([72]))],
  ["a final norm of another length", (t) => t.set("final_norm", tensor([0, 4]))],
  ["half a lens", (t) => t.delete("lens.entropy")],
  ["a lens of another width", (t) => t.set("lens.logprobs", tensor([6, 3, 9]))],
  ["a lens of one dimension", (t) => t.set("lens.tokens", tensor([36]))],
  ["a token id outside the vocabulary", (t) => t.get("lens.tokens")!.data.set([10])],
  ["a token id that is not a number", (t) => t.get("lens.tokens")!.data.set([NaN])],
  ["a token id between two others", (t) => t.get("lens.tokens")!.data.set([0.5])],
])("tensors: %s", (_, tensors) => expect(() => decodeTrace(spoiled({ tensors }))).toThrow("decodeTrace: "));

test.each<[string, (r: Json) => void, string]>([
  ["a mode that does not exist", (r) => (r["mode"] = "guess"), "trace.mode: expected one of direct, icl, cot, latent, got \"guess\""],
  ["a mode from the prototype", (r) => (r["mode"] = "constructor"), "trace.mode"],
  ["a thought that does not exist", (r) => (r["thought"] = "deep"), "trace.thought"],
  ["a prompt that is an object", (r) => (r["prompt"] = { toString: "x" }), "trace.prompt: expected a text"],
  ["a prompt of a megabyte and one", (r) => (r["prompt"] = "x".repeat(2 ** 20 + 1)), "trace.prompt: expected a text of at most"],
  ["steps that are no list", (r) => (r["steps"] = { length: 6 }), "trace.steps: expected a list"],
  ["a step missing", (r) => steps(r).pop(), "resid_post: expected [5, 3, 4]"],
  ["steps out of order", (r) => (r["steps"] = steps(r).toReversed()), "trace.steps[0].index: expected 0"],
  ["too many steps", (r) => (r["steps"] = Array(2 ** 16 + 1).fill(0)), "at most 65536 items"],
  ["a step that is null", (r) => (steps(r)[0] = null as unknown as Json), "trace.steps[0]: expected an object"],
  ["a token that is a text", (r) => (steps(r)[0]!["token"] = "0"), "trace.steps[0].token: expected a number, got \"0\""],
  ["a token outside the vocabulary", (r) => (steps(r)[0]!["token"] = 10), "trace.steps[0].token"],
  ["an entropy that is a text", (r) => (steps(r)[0]!["entropy"] = "much"), "trace.steps[0].entropy: expected a number"],
  ["an entropy that is null", (r) => (steps(r)[0]!["entropy"] = null), "trace.steps[0].entropy"],
  ["a missing field", (r) => delete steps(r)[0]!["top"], "trace.steps[0].top: expected a list, got nothing"],
  ["nearest tokens that are a text", (r) => (steps(r)[0]!["nearest"] = "b"), "trace.steps[0].nearest: expected a list, got \"b\""],
  ["a nearest token outside the vocabulary", (r) => (steps(r)[0]!["nearest"] = [{ token: 10, text: "b", cosine: 1 }]), "trace.steps[0].nearest[0].token"],
  ["a nearest token without its cosine", (r) => (steps(r)[0]!["nearest"] = [{ token: 1, text: "b" }]), "trace.steps[0].nearest[0].cosine: expected a number, got nothing"],
  ["layers below zero", (r) => (model(r)["layers"] = -1), "trace.model.layers"],
  ["a billion layers", (r) => (model(r)["layers"] = 1e9), "trace.model.layers"],
  ["half a dimension", (r) => (model(r)["hiddenSize"] = 4.5), "trace.model.hiddenSize"],
  ["another hidden size", (r) => (model(r)["hiddenSize"] = 5), "resid_post: expected [6, 3, 5]"],
  ["an engine that does not exist", (r) => (model(r)["engine"] = "abacus"), "trace.model.engine"],
  ["a question beyond the end", (r) => (r["questionStart"] = 7), "trace.questionStart: expected an integer from 0 to 6, got 7"],
  ["an infinite temperature", (r) => (r["temperature"] = "Infinity"), "trace.temperature"],
  ["a date that is a script", (r) => (r["created"] = "<img onerror=x>"), "trace.created"],
  ["an answer of true", (r) => (r["answer"] = true), "trace.answer: expected an object"],
  ["correct as a text", (r) => ((r["answer"] as Json)["correct"] = "yes"), "trace.answer.correct: expected true or false"],
])("record: %s", (_, record, message) => expect(() => decodeTrace(spoiled({ record }))).toThrow(message));

test("a message does not repeat a hostile value at length", () => {
  try {
    decodeTrace(spoiled({ record: (r) => (r["mode"] = "x".repeat(100000)) }));
    expect.unreachable();
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(400);
  }
});
test("what is not known is dropped, and no prototype is touched", () => {
  const json = JSON.parse(decodeSafetensors(encodeTrace(exampleTrace())).metadata["geodesic.trace"]!) as Json;
  const hostile = JSON.stringify({ ...json, extra: 1 }).replace("{", '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},');
  const back = decodeTrace(spoiled({ json: hostile }));
  expect(back).toEqual(exampleTrace());
  expect(({} as Json)["polluted"]).toBeUndefined();
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
});

// ——— Python opens it as it is ———

const python = `
import json, struct, sys
b = open(sys.argv[1], "rb").read()
n, = struct.unpack("<Q", b[:8])
h = json.loads(b[8:8 + n])
t = json.loads(h["__metadata__"]["geodesic.trace"])
e = h["resid_post"]; lo, hi = e["data_offsets"]
v = struct.unpack("<%df" % ((hi - lo) // 4), b[8 + n + lo:8 + n + hi])
print(json.dumps({"shape": e["shape"], "values": v, "dtype": e["dtype"], "mode": t["mode"], "steps": len(t["steps"]), "text": [s["text"] for s in t["steps"]]}))
`;
test.skipIf(spawnSync("python3", ["--version"]).status !== 0)("Python reads the same numbers and texts (skipped where there is no python3)", () => {
  const folder = mkdtempSync(join(tmpdir(), "geodesic-"));
  try {
    const trace = exampleTrace({ mode: "cot" });
    const path = join(folder, "trace.safetensors");
    writeFileSync(path, encodeTrace(trace));
    const read = JSON.parse(execFileSync("python3", ["-c", python, path], { encoding: "utf8" })) as unknown;
    expect(read).toEqual({ shape: [6, 3, 4], values: [...trace.activations.residPost.data], dtype: "F32", mode: "cot", steps: 6, text: trace.steps.map((s) => s.text) });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
