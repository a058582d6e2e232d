import { expect, test } from "vitest";
import { encodeOnnx } from "../../../models/onnx.ts";
import { randomLlama } from "../../../models/random-llama.ts";
import { cutEmbedding, cutHead } from "./cut.ts";
import { elementTypeOf } from "./element-type.ts";
import { graph } from "./graph.test-support.ts";
import { elementType, modelField, readModel, wiring } from "./model.ts";
import { concatenateBytes, integer, message, string } from "./protobuf.ts";
import { residualStream } from "./residual-stream.ts";
import { splice } from "./splice.ts";
import { graphInput, graphOutput, node } from "./write.ts";

const llama = randomLlama({ layers: 2 });
const bytes = encodeOnnx(llama);

/** A whole model with this graph. */
const modelOf = (...parts: Uint8Array[]) => concatenateBytes([integer(1, 8), message(8, string(1, ""), integer(2, 17)), message(modelField.graph, ...parts)]);
const weight = (name: string, type: number, ...more: Uint8Array[]) => message(5, integer(1, 2), integer(1, 3), integer(2, type), string(8, name), ...more);

test("nodes, inputs, outputs and weights are read, and no weight is copied", () => {
  const model = readModel(bytes);
  expect(model.inputs.map(({ name }) => name)).toEqual(["input_ids", "attention_mask", ...[0, 1].flatMap((l) => [`past_key_values.${l}.key`, `past_key_values.${l}.value`])]);
  expect(model.inputs[2]!.shape).toEqual(["batch_size", 2, "past_sequence_length", 16]);
  expect(model.outputs[0]).toMatchObject({ name: "logits", type: elementType.float32 });
  expect(model.initializers.get("model.embed_tokens.weight")).toMatchObject({ shape: [48, 32], type: elementType.float32, external: null });
  expect(model.nodes.filter(({ op, domain }) => op === "GroupQueryAttention" && domain === "com.microsoft")).toHaveLength(2);
  expect(model.bytes).toBe(bytes);
});

test("weights in other files keep their file's name", () => {
  const external = message(13, string(1, "location"), string(2, "model.onnx_data"));
  const model = readModel(modelOf(node("Identity", ["w"], ["y"]), weight("w", elementType.float16, external), graphOutput("y")));
  expect(model.initializers.get("w")).toMatchObject({ shape: [2, 3], type: elementType.float16, external: "model.onnx_data" });
});

test("a file that ends too early is refused, wherever it ends", () => {
  for (let share = 0.01; share < 1; share += 0.037) {
    expect(() => readModel(bytes.slice(0, Math.floor(bytes.length * share)))).toThrow(/^onnx: expected/);
  }
});

test.each([
  ["JSON", new TextEncoder().encode('{"error": "Entry not found"}')],
  ["a Git LFS pointer", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")],
  ["nothing", new Uint8Array()],
  ["zeros", new Uint8Array(1000)],
])("%s is refused", (_, foreign) => {
  expect(() => readModel(foreign)).toThrow(/^onnx: expected/);
});

test("splicing adds two inputs and two outputs, and leaves the weights as they are", () => {
  const model = readModel(bytes);
  const { bytes: spliced, tensors } = splice(model, residualStream(model, 2));
  const after = readModel(spliced);
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
  expect(names(after.inputs).filter((name) => !names(model.inputs).includes(name))).toEqual(["geo_embeds", "geo_mask"]);
  expect(names(after.outputs).filter((name) => !names(model.outputs).includes(name))).toEqual(["geo_hidden", "geo_final"]);
  expect(tensors).toEqual(["/model/embed_tokens/Gather/output_0", "/model/layers.1/input_layernorm/output_3", "geo/last_layer"]);
  expect([...after.initializers.keys()]).toEqual([...model.initializers.keys()]);
  expect(spliced.length - bytes.length).toBeLessThan(1500);
});

test("the cuts hold only what they need", () => {
  const model = readModel(bytes);
  const stream = residualStream(model, 2);
  const embedding = readModel(cutEmbedding(model, stream));
  expect(embedding.inputs.map(({ name }) => name)).toEqual(["input_ids"]);
  expect([...embedding.initializers.keys()]).toEqual(["model.embed_tokens.weight"]);
  const head = readModel(cutHead(model, stream));
  expect(head.inputs.map(({ name }) => name)).toEqual(["geo_state", "geo_normed"]);
  expect(head.nodes.some(({ op }) => op === "GroupQueryAttention")).toBe(false);
});

test("float16 models: vectors are cast on their way in", () => {
  const half = modelOf(
    node("Gather", ["w", "input_ids"], ["h0"]),
    node("Relu", ["h0"], ["a"]),
    node("Add", ["h0", "a"], ["h1"]),
    node("LayerNormalization", ["h1", "w"], ["n"]),
    node("MatMul", ["n", "w"], ["logits"]),
    weight("w", elementType.float16),
    graphInput("input_ids", elementType.int64, ["b", "s"]),
    graphOutput("logits"),
  );
  const model = readModel(half);
  const after = readModel(splice(model, residualStream(model, 1)).bytes);
  const where = after.nodes.find(({ op }) => op === "Where")!;
  expect(where).toMatchObject({ inputs: ["geo_mask", "geo/embeds_as_model_type", "geo/embedding_of_token"], outputs: ["h0"] });
  expect(after.nodes.find(({ outputs }) => outputs[0] === where.inputs[1])!.integers.get("to")).toBe(elementType.float16);
});

test("element types come from the file, or else from what makes the tensor", () => {
  const model = graph("a = GatherBlockQuantized(wq, input_ids, ws)\nb = Relu(a)\nc = Cast(b)\nd = Mystery(e)");
  const half = { ...model, initializers: new Map([["ws", { ...model.initializers.get("ws")!, type: elementType.float16 }]]) };
  expect(elementTypeOf(half, wiring(half), "b")).toBe(elementType.float16);
  expect(() => elementTypeOf(half, wiring(half), "d")).toThrow("expected to find the element type of e");
});

test("a head that depends on more than the state is refused", () => {
  const model = readModel(modelOf(
    node("Gather", ["w", "input_ids"], ["h0"]),
    node("Relu", ["h0"], ["a"]),
    node("Add", ["h0", "a"], ["h1"]),
    node("LayerNormalization", ["h1", "w"], ["n"]),
    node("Gather", ["n", "attention_mask"], ["p"]),
    node("MatMul", ["p", "w"], ["logits"]),
    weight("w", elementType.float32),
    graphInput("input_ids", elementType.int64, ["b", "s"]),
    graphInput("attention_mask", elementType.int64, ["b", "s"]),
    graphOutput("logits"),
  ));
  expect(() => cutHead(model, residualStream(model, 1))).toThrow("geo_logits to depend on weights alone, got a dependence on attention_mask");
});

test("an export without an embedding inside cannot be spliced or cut", () => {
  const model = graph("a = Relu(inputs_embeds)\nh1 = Add(inputs_embeds, a)\nn = LayerNormalization(h1, w)\nlogits = MatMul(n, w)", ["inputs_embeds"]);
  const stream = residualStream(model, 1);
  expect(() => splice(model, stream)).toThrow("one that takes inputs_embeds");
  expect(() => cutEmbedding(model, stream)).toThrow("one that takes inputs_embeds");
});
