/**
 * The library's C side in Node: what web-llm asks for is there, objects are counted,
 * every wrong tensor, size and order of calls is refused in words, and a forward pass
 * announces and launches its kernels in order. What kernels compute is tested on a GPU.
 */
import { describe, expect, test } from "vitest";
import { type Announcement, findResidualStream } from "../layer-finder.ts";
import { configureLibrary } from "./configure.ts";
import type { LibraryConfig } from "./configure.ts";
import { builtLibrary, cpu, Handle, Library, load, smallConfig, text, weightsOf, withWeights } from "./library.test-support.ts";
import type { Value } from "./library.test-support.ts";

/** Of engine-library.md: what web-llm 0.2.86 calls over a load and two chats. */
const exportNames = [
  "memory", "_initialize", "TVMWasmAllocSpace", "TVMWasmFreeSpace", "TVMFFIFunctionGetGlobal", "TVMFFIFunctionSetGlobal", "TVMFFIFunctionCall", "TVMFFIObjectIncRef",
  "TVMFFIObjectDecRef", "TVMFFITypeKeyToIndex", "TVMFFIAnyViewToOwnedAny", "TVMFFIWasmFunctionCreate", "TVMFFIErrorSetRaisedFromCStr", "TVMFFIWasmGetLastError",
];
const globalNames = [
  ...["FunctionListGlobalNamesFunctor", "ModuleGetFunction", "ModuleImportModule", "ArrayGetItem", "ArraySize", "Array", "SystemLib", "Shape"].map((name) => `ffi.${name}`),
  ...["AllocWithScope", "CopyFromTo", "CreateView"].map((name) => `runtime.TVMTensor${name}`),
  ...["TensorCopyFromBytes", "TensorCopyToBytes", "ArrayConcat", "ConcatEmbeddings"].map((name) => `tvmjs.runtime.${name}`),
  "tvmjs.array.decode_storage", "tvmjs.array.decode_bf16_to_f32_inplace",
  ...["get", "remove", "update", "clear"].map((name) => `vm.builtin.tensor_cache.${name}`),
  ...["param_module_from_cache", "param_module_from_cache_by_name", "sample_top_p_from_logits", "sample_top_p_from_prob", "apply_repetition_penalty", "apply_presence_and_frequency_penalty", "apply_softmax_with_temperature"].map((name) => `vm.builtin.${name}`),
  ...["clear", "add_sequence", "remove_sequence", "begin_forward", "end_forward", "popn"].map((name) => `vm.builtin.kv_state_${name}`),
  "vm.builtin.attention_kv_cache_enable_sliding_window_for_seq",
];
const modelNames = [
  "vm_initialization", "_metadata", "embed", "prefill", "decode", "get_logits", "create_tir_paged_kv_cache", "softmax_with_temperature", "argsort_probs", "sample_with_top_p",
  "apply_bitmask_inplace", "apply_penalty_inplace", "apply_logit_bias_inplace", "set_instrument", "webgpu.get_fmap", "webgpu.get_shader", "webgpu.update_prebuild",
];

describe("what web-llm asks for", () => {
  test("the wasm imports two functions and exports what is called, and no asyncify", () => {
    const module = new WebAssembly.Module(builtLibrary() as BufferSource);
    expect(WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`).toSorted()).toEqual(["env.TVMFFIWasmFunctionDeleter", "env.TVMFFIWasmSafeCall"]);
    expect(WebAssembly.Module.exports(module).map(({ name }) => name).toSorted()).toEqual(exportNames.toSorted());
  });

  test("all global functions are there, and listed", () => {
    const library = new Library(builtLibrary());
    expect(globalNames.filter((name) => !library.hasGlobal(name))).toEqual([]);
    expect(library.hasGlobal("vm.builtin.no_such")).toBe(false);
    const names = library.global("ffi.FunctionListGlobalNamesFunctor") as Handle;
    const count = Number(library.call(names, -1n));
    const listed = Array.from({ length: count }, (_, i) => library.call(names, BigInt(i)));
    expect(listed).toEqual(expect.arrayContaining([...globalNames, "wasm.WebGPUDeviceAPI"]));
  });

  test("all functions of the model are there, and no others", () => {
    const library = new Library(builtLibrary());
    const model = library.call(library.find(library.global("ffi.SystemLib"), "vm_load_executable")!);
    expect(modelNames.filter((name) => !library.find(model, name))).toEqual([]);
    expect(library.find(model, "batch_prefill")).toBeNull();
  });

  test("a function that is never called refuses by its name", () => {
    const library = new Library(builtLibrary());
    expect(library.refusal(() => library.global("vm.builtin.sample_top_p_from_prob"))).toBe(
      "library: vm.builtin.sample_top_p_from_prob: expected the calls of web-llm 0.2.86, got this one, which is none of them; use the functions of the model",
    );
  });
});

describe("objects", () => {
  test("a tensor lies as web-llm reads it, and its buffer is freed with it", () => {
    const library = new Library(builtLibrary());
    const tensor = library.tensor([2, 3, 4], "float16");
    expect(library.read(tensor)).toEqual({ buffer: 1, device: 15, shape: [2, 3, 4], dtype: "float16" });
    expect(library.buffers[1]).toBe(48);
    library.exports.TVMFFIObjectIncRef(tensor.pointer);
    expect(library.references(tensor)).toBe(2);
    library.exports.TVMFFIObjectDecRef(tensor.pointer);
    expect(library.buffers[1]).toBe(48);
    library.exports.TVMFFIObjectDecRef(tensor.pointer);
    expect(library.buffers[1]).toBe(0);
  });

  test("a view keeps the tensor alive and stays inside it", () => {
    const library = new Library(builtLibrary());
    const tensor = library.tensor([4, 6]);
    const view = library.global("runtime.TVMTensorCreateView", tensor, library.shape(2, 6), "float32", 48n) as Handle;
    expect(library.read(view)).toEqual({ buffer: 1, device: 15, shape: [2, 6], dtype: "float32" });
    library.exports.TVMFFIObjectDecRef(tensor.pointer);
    expect(library.buffers[1]).toBe(96);
    expect(library.refusal(() => library.global("runtime.TVMTensorCreateView", view, library.shape(3, 6), "float32", 0n))).toContain("tensor view: expected one inside [2, 6] float32, got [3, 6] float32 at byte 0");
    library.exports.TVMFFIObjectDecRef(view.pointer);
    expect(library.buffers[1]).toBe(0);
  });

  test("bytes go into a CPU tensor and come back", () => {
    const library = new Library(builtLibrary());
    const tensor = library.tensor([2], "float32", cpu);
    const bytes = new Uint8Array(new Float32Array([1.5, -2]).buffer);
    library.global("tvmjs.runtime.TensorCopyFromBytes", tensor, bytes);
    expect(library.global("tvmjs.runtime.TensorCopyToBytes", tensor)).toEqual(bytes);
    expect(library.refusal(() => library.global("tvmjs.runtime.TensorCopyFromBytes", tensor, bytes.slice(1)))).toContain("expected the 8 bytes of a CPU tensor [2] float32, got 7 bytes");
  });

  test("both ways of storing float32 as its upper half are read", () => {
    const library = new Library(builtLibrary());
    const numbers = new Float32Array([1, -0.5, 3.25]);
    const halves = new Uint8Array(Uint16Array.from(new Uint32Array(numbers.buffer), (word) => word >>> 16).buffer);
    const decoded = library.tensor([3], "float32", cpu);
    library.global("tvmjs.array.decode_storage", decoded, halves, "f32-to-bf16", "float32");
    expect(library.global("tvmjs.runtime.TensorCopyToBytes", decoded)).toEqual(new Uint8Array(numbers.buffer));
    const place = library.tensor([3], "float32", cpu);
    library.global("tvmjs.runtime.TensorCopyFromBytes", place, new Uint8Array([...halves, 0, 0, 0, 0, 0, 0]));
    library.global("tvmjs.array.decode_bf16_to_f32_inplace", place, 6n);
    expect(library.global("tvmjs.runtime.TensorCopyToBytes", place)).toEqual(new Uint8Array(numbers.buffer));
    expect(library.refusal(() => library.global("tvmjs.array.decode_storage", decoded, halves, "zip", "float32"))).toContain("expected the format raw or f32-to-bf16, got zip");
  });

  test("arrays hold strings and tensors, are joined, and refuse an index outside", () => {
    const library = new Library(builtLibrary());
    const tensor = library.tensor([1]);
    const array = library.global("ffi.Array", "first", tensor, 7n);
    expect(library.references(tensor)).toBe(2);
    const joined = library.global("tvmjs.runtime.ArrayConcat", array, array);
    expect(library.global("ffi.ArraySize", joined)).toBe(6n);
    expect(library.global("ffi.ArrayGetItem", joined, 3n)).toBe("first");
    expect(library.refusal(() => library.global("ffi.ArrayGetItem", array, 3n))).toContain("expected an index from 0 to 2, got 3");
  });

  test("memory is given back: a thousand large tensors in turn fit where one does", () => {
    const library = new Library(builtLibrary());
    for (let i = 0; i < 1000; i++) library.exports.TVMFFIObjectDecRef(library.tensor([1 << 20], "float32", cpu).pointer);
    expect(library.exports.memory.buffer.byteLength).toBeLessThan(16 * 2 ** 20);
  });

  test("more memory than WebAssembly has is refused", () => {
    const library = new Library(builtLibrary());
    const held: Handle[] = [];
    expect(
      library.refusal(() => {
        for (;;) held.push(library.tensor([1 << 28], "float32", cpu));
      }),
    ).toContain("bytes more of WebAssembly memory, got none");
    expect(library.tensor([4], "float32", cpu)).toBeInstanceOf(Handle);
  });

  test("a GPU tensor larger than WebLLM's device can bind is refused", () => {
    const library = new Library(builtLibrary());
    expect(library.buffers[library.read(library.tensor([1 << 28])).buffer]).toBe(2 ** 30);
    expect(library.refusal(() => library.tensor([1 << 15, 8193]))).toBe("library: tensor: expected at most 1073741824 bytes in one, got 1073872896 for [32768, 8193] float32; choose a smaller model or a shorter context");
  });

  test("wrong arguments are named by place", () => {
    const library = new Library(builtLibrary());
    expect(library.refusal(() => library.global("ffi.ArraySize", 3))).toBe("library: array: expected an array as argument 1, got a number; call it as web-llm 0.2.86 does");
    expect(library.refusal(() => library.global("ffi.Shape", 2.5))).toContain("expected a whole number as argument 1, got a fraction");
    expect(library.refusal(() => library.global("runtime.TVMTensorAllocWithScope", library.shape(2), "complex", cpu, null))).toContain("expected a type such as float32, got complex");
    expect(library.refusal(() => library.tensor([2, -1]))).toContain("got size -1");
    expect(library.refusal(() => library.tensor([1, 1, 1, 1, 1, 1, 1]))).toContain("expected at most 6 dimensions, got 7");
  });
});

describe("the configuration", () => {
  test("a library that has none refuses", () => {
    const library = new Library(builtLibrary());
    expect(library.refusal(() => library.model("_metadata"))).toBe("library: configuration: expected the numbers of a model, got none; pass the wasm through configureLibrary first");
  });

  test("an architecture of a later version is refused", () => {
    const bytes = configureLibrary(builtLibrary(), smallConfig);
    const at = Buffer.from(bytes).indexOf("geodesic-config1");
    bytes[at + 16] = 9;
    const library = new Library(bytes);
    expect(library.refusal(() => library.model("_metadata"))).toContain("expected architecture 1 (llama), 2 (qwen2) or 3 (qwen3), got 9");
  });
});

describe("the weights", () => {
  const metadata = (library: Library): { model_type: string; quantization: string; prefill_chunk_size: number; params: { name: string; shape: number[]; dtype: string }[] } => JSON.parse(text(library.model("_metadata")));

  test.each([
    ["llama, tied", smallConfig, {}, "q0f32"],
    ["llama, untied, float16", { ...smallConfig, tied: false }, { elem: "float16" }, "q0f16"],
    ["qwen2, 4 bits", { ...smallConfig, architecture: "qwen2", tied: false }, { q4: true }, "q4f32_1"],
    ["qwen3, 4 bits, float16", { ...smallConfig, architecture: "qwen3" }, { q4: true, elem: "float16" }, "q4f16_1"],
  ] as [string, LibraryConfig, { q4?: boolean; elem?: string }, string][])("of %s are listed with shape and type", (_, config, kind, quantization) => {
    const weights = weightsOf(config, kind);
    const read = metadata(withWeights(config, weights));
    expect(read).toMatchObject({ model_type: config.architecture, quantization, prefill_chunk_size: 16 });
    expect(new Map(read.params.map(({ name, shape, dtype }) => [name, { shape, dtype }]))).toEqual(weights);
    expect(read.params).toHaveLength(weights.size);
  });

  test("more than five hundred tensors and forty layers are no matter", () => {
    const config = { ...smallConfig, layers: 80 };
    expect(metadata(withWeights(config)).params).toHaveLength(80 * 6 + 2);
  });

  test("a missing one is named with its shape", () => {
    const weights = weightsOf(smallConfig);
    weights.delete("model.layers.1.mlp.down_proj.weight");
    expect(withWeights(smallConfig, weights).refusal(() => load(withWeights(smallConfig, weights)))).toBe(
      "library: weights: expected model.layers.1.mlp.down_proj.weight [64, 96] float32, got none; check that all shards of the model are there",
    );
  });

  test.each([
    ["misshapen", { shape: [64, 95], dtype: "float32" }, "[64, 95] float32"],
    ["of another type", { shape: [64, 96], dtype: "float16" }, "[64, 96] float16"],
    ["of other dimensions", { shape: [64], dtype: "float32" }, "[64] float32"],
  ])("one that is %s is named with both shapes", (_, wrong, got) => {
    const library = withWeights(smallConfig, new Map([...weightsOf(smallConfig), ["model.layers.1.mlp.down_proj.weight", wrong]]));
    expect(library.refusal(() => metadata(library))).toBe(`library: weights: expected model.layers.1.mlp.down_proj.weight [64, 96] float32, got ${got}; take mlc-chat-config.json and weights from one folder`);
  });

  test("an extra one is named", () => {
    const library = withWeights(smallConfig, new Map([...weightsOf(smallConfig), ["lm_head.weight", { shape: [50, 64], dtype: "float32" }]]));
    expect(library.refusal(() => metadata(library))).toBe("library: weights: expected no tensors beside those of a llama model, got lm_head.weight [50, 64] float32; choose another model or its own library");
  });

  test("another quantization is refused", () => {
    const weights = weightsOf(smallConfig, { q4: true });
    weights.set("model.embed_tokens.q_weight", { shape: [50, 16], dtype: "uint32" });
    const library = withWeights(smallConfig, weights);
    expect(library.refusal(() => metadata(library))).toContain("expected model.embed_tokens.q_weight [50, 8] uint32, got [50, 16] uint32");
    const odd = { ...smallConfig, intermediateSize: 100 };
    const other = withWeights(odd, weightsOf(odd, { q4: true }));
    expect(other.refusal(() => metadata(other))).toContain("expected a quantized model.layers.0.mlp.down_proj whose input is a multiple of 32, got 100");
  });

  test("one that comes twice is refused, and one that is removed is gone", () => {
    const library = withWeights(smallConfig);
    expect(library.refusal(() => library.global("vm.builtin.tensor_cache.update", "model.norm.weight", library.tensor([64]), 0n))).toContain("expected each tensor once, got model.norm.weight twice");
    library.global("vm.builtin.tensor_cache.remove", "model.norm.weight");
    expect(library.global("vm.builtin.tensor_cache.get", "model.norm.weight")).toBeNull();
    expect(library.refusal(() => metadata(library))).toContain("expected model.norm.weight [64] float32, got none");
  });

  test("parameters that are not in the cache are named", () => {
    const library = withWeights(smallConfig);
    expect(library.refusal(() => library.global("vm.builtin.param_module_from_cache_by_name", library.global("ffi.Array", "model.norm.bias")))).toContain("expected the tensor model.norm.bias, got none");
  });
});

describe("a forward pass", () => {
  /** Kernels in order, without those of embedding. */
  const launched = (library: Library): string[] => library.launches.map(({ name }) => name);

  test("launches each kernel of a prompt once, and no more", () => {
    const { library, forward } = load(withWeights(smallConfig));
    forward(3);
    const layer = ["rms_norm", "mat_mul", "rope_append", "attention_tile", "mat_mul_add", "rms_norm", "mat_mul", "silu_gate", "mat_mul_add"];
    expect(launched(library)).toEqual([...layer, ...layer, "rms_norm", "take_row", "logits_vec"]);
  });

  test("of one position uses the kernels for one row", () => {
    const config: LibraryConfig = { ...smallConfig, architecture: "qwen2", tied: false };
    const { library, forward } = load(withWeights(config, weightsOf(config, { q4: true })));
    forward(1);
    const layer = ["rms_norm", "mat_vec_bias_q4", "rope_append", "attention", "mat_vec_add_q4", "rms_norm", "mat_vec_q4", "silu_gate", "mat_vec_add_q4"];
    expect(launched(library)).toEqual([...layer, ...layer, "rms_norm", "logits_vec_q4"]);
  });

  test("of Qwen3 normalises queries and keys", () => {
    const config: LibraryConfig = { ...smallConfig, architecture: "qwen3" };
    const { library, forward } = load(withWeights(config));
    forward(1);
    expect(launched(library).slice(0, 4)).toEqual(["rms_norm", "mat_vec", "head_norm", "rope_append"]);
  });

  test("returns logits [1, 1, V] and the cache", () => {
    const { library, forward, cache } = load(withWeights(smallConfig));
    const result = forward(2);
    expect(library.read(library.global("ffi.ArrayGetItem", result, 0n) as Handle)).toMatchObject({ shape: [1, 1, 50], dtype: "float32" });
    expect((library.global("ffi.ArrayGetItem", result, 1n) as Handle).pointer).toBe((cache as Handle).pointer);
  });

  test("allocates only the logits once its buffers are there", () => {
    const { library, forward } = load(withWeights(smallConfig));
    forward(16);
    for (const n of [1, 1, 4, 1, 7]) {
      const before = library.buffers.length;
      forward(n);
      // The input vectors, which the test makes, and the logits.
      expect(library.buffers.length - before).toBe(2);
    }
  });

  test("never writes to the vectors it is given, nor to a weight", () => {
    const { library, names, params, cache } = load(withWeights(smallConfig));
    const vectors = library.tensor([1, 2, 64]);
    const read = new Set([library.read(vectors).buffer, ...names.map((_, i) => library.read(library.global("ffi.ArrayGetItem", params, BigInt(i)) as Handle).buffer)]);
    library.global("vm.builtin.kv_state_begin_forward", cache, library.shape(0), library.shape(2));
    library.model("prefill", vectors, cache, params);
    const map = JSON.parse(text(library.model("webgpu.get_fmap"))) as Record<string, { launch_param_tags: string[] }>;
    for (const { name, values } of library.launches) {
      const writes = JSON.parse(map[name]!.launch_param_tags.at(-1)!.replace("paramWriteAccess:", "")) as number[];
      writes.forEach((written, i) => expect(written && read.has(Number(values[i]))).toBeFalsy());
    }
  });

  test("reads what the step before wrote, and keeps every position's place in the cache", () => {
    const { library, forward } = load(withWeights(smallConfig));
    forward(3);
    forward(1);
    forward(4);
    const positions = library.launches.filter(({ name }) => name === "rope_append").map(({ values }) => [Number(values[4]), Number(values[7])]);
    expect(positions).toEqual([[3, 0], [3, 0], [1, 3], [1, 3], [4, 4], [4, 4]]);
  });

  test("puts the model's numbers before each shader", () => {
    const { library, forward } = load(withWeights(smallConfig));
    forward(1);
    const code = library.shaders.get("rms_norm")!;
    const bits = new DataView(new Float32Array([1e-5]).buffer).getUint32(0, true);
    expect(code.startsWith(`alias Elem=f32;alias Elem4=vec4<f32>;const HEAD_DIM:u32=16u;const EPS:f32=bitcast<f32>(${bits}u);\n`)).toBe(true);
    const half = load(withWeights(smallConfig, weightsOf(smallConfig, { elem: "float16" }))).library;
    expect(text(half.model("webgpu.get_shader", "rms_norm")).startsWith("enable f16;alias Elem=f16;alias Elem4=vec4<f16>;")).toBe(true);
  });

  test("hands WebLLM the shaders of this model to compile, and takes them over", () => {
    const { library, forward } = load(withWeights(smallConfig));
    const map = JSON.parse(text(library.model("webgpu.get_fmap"))) as Record<string, unknown>;
    forward(1);
    forward(2);
    expect(Object.keys(map)).toEqual(expect.arrayContaining([...new Set(library.launches.map(({ name }) => name))]));
    expect(Object.keys(map).filter((name) => name.endsWith("_q4") || name.includes("bias") || name === "head_norm")).toEqual([]);
    let calls = 0;
    library.model("webgpu.update_prebuild", "rms_norm", () => void calls++);
    forward(1);
    expect(calls).toBe(5);
    expect(library.refusal(() => library.model("webgpu.get_shader", "nothing"))).toContain("expected the name of a kernel, got nothing");
  });

  test("embeds and reads out any number of rows", () => {
    const { library, params } = load(withWeights(smallConfig));
    expect(library.read(library.model("embed", library.tensor([5], "int32"), params) as Handle)).toMatchObject({ shape: [5, 64], dtype: "float32" });
    expect(library.read(library.model("get_logits", library.tensor([3, 64]), params) as Handle)).toMatchObject({ shape: [3, 50], dtype: "float32" });
    expect(launched(library)).toEqual(["take", "logits"]);
    expect(library.refusal(() => library.model("get_logits", library.tensor([3, 63]), params))).toContain("expected states [n, 64] float32, got [3, 63] float32");
    expect(library.refusal(() => library.model("embed", library.tensor([5]), params))).toContain("expected token ids [n] int32, got [5] float32");
  });

  test("refuses vectors that are misshapen, unannounced, on the CPU or inside a larger tensor", () => {
    const { library, params, cache } = load(withWeights(smallConfig));
    const run = (vectors: Value, n = 2): string =>
      library.refusal(() => {
        library.global("vm.builtin.kv_state_begin_forward", cache, library.shape(0), library.shape(n));
        library.model("prefill", vectors, cache, params);
      });
    expect(run(library.tensor([1, 2, 60]))).toContain("prefill: expected vectors [1, n, 64] float32, got [1, 2, 60] float32");
    expect(run(library.tensor([1, 2, 64], "float16"))).toContain("got [1, 2, 64] float16");
    expect(run(library.tensor([1, 3, 64]))).toContain("expected the 2 positions that kv_state_begin_forward announced, got 3");
    expect(run(library.tensor([1, 2, 64], "float32", cpu))).toContain("expected tensor 1 at the start of a GPU buffer, got a CPU tensor");
    const part = library.global("runtime.TVMTensorCreateView", library.tensor([1, 3, 64]), library.shape(1, 2, 64), "float32", 256n);
    expect(run(part)).toContain("got a part of one");
    expect(library.refusal(() => library.model("prefill", library.tensor([1, 2, 64]), cache, library.global("ffi.Array")))).toContain("expected 14 parameters, got 0");
    library.global("vm.builtin.kv_state_end_forward", cache);
    expect(library.refusal(() => library.model("prefill", library.tensor([1, 2, 64]), cache, params))).toContain("expected the 0 positions");
  });

  test("says so where GPU memory runs out, and works again when there is some", () => {
    const { library, forward } = load(withWeights(smallConfig));
    library.gpuBytes = 0;
    expect(library.refusal(() => forward(4))).toBe("no more GPU memory");
    library.gpuBytes = Infinity;
    forward(4);
    expect(launched(library)).toContain("logits_vec");
  });
});

describe("the key-value cache", () => {
  const size = (library: Library, n: number): Value => library.shape(n);
  const create = (library: Library, sizes: readonly number[]): Value => library.model("create_tir_paged_kv_cache", ...sizes.map((n) => size(library, n)));
  const begin = (library: Library, cache: Value, n: number): Value => library.global("vm.builtin.kv_state_begin_forward", cache, size(library, 0), size(library, n));

  test("has keys and values of each layer, freed with it", () => {
    const library = withWeights(smallConfig);
    library.model("_metadata");
    const before = library.buffers.length;
    const cache = create(library, [1, 40, 16, 16, 0]) as Handle;
    expect(library.buffers.slice(before)).toEqual([5120, 5120, 5120, 5120]);
    library.exports.TVMFFIObjectDecRef(cache.pointer);
    expect(library.buffers.slice(before)).toEqual([0, 0, 0, 0]);
  });

  test.each([
    ["two sequences", [2, 40, 16, 16, 0], "expected 1 sequence, got 2"],
    ["more than the model's context", [1, 41, 16, 16, 0], "expected a context of 1 to 40 positions, got 41"],
    ["a longer chunk", [1, 40, 17, 16, 0], "expected a prefill chunk of 1 to 16 positions, got 17"],
    ["a sliding window", [1, 40, 16, 16, 1], "expected a model without sliding window, got one"],
  ])("refuses %s", (_, sizes, message) => {
    const library = withWeights(smallConfig);
    expect(library.refusal(() => create(library, sizes))).toContain("expected a loaded model, got none");
    library.model("_metadata");
    expect(library.refusal(() => create(library, sizes))).toContain(message);
  });

  test("refuses passes that are too long, and a full context", () => {
    const { library, cache, forward } = load(withWeights(smallConfig));
    expect(library.refusal(() => begin(library, cache, 17))).toContain("expected 1 to 16 positions, got 17");
    expect(library.refusal(() => begin(library, cache, 0))).toContain("expected 1 to 16 positions, got 0");
    forward(16);
    forward(16);
    expect(library.refusal(() => forward(9))).toContain("expected at most 40 positions in the context, got 41; ask a shorter question or rewind");
    forward(8);
  });

  test("rewinds, and the next pass goes on from there", () => {
    const { library, cache, forward } = load(withWeights(smallConfig));
    forward(6);
    library.global("vm.builtin.kv_state_popn", cache, 0n, 4n);
    forward(1);
    expect(Number(library.launches.findLast(({ name }) => name === "rope_append")!.values[7])).toBe(2);
    expect(library.refusal(() => library.global("vm.builtin.kv_state_popn", cache, 0n, 4n))).toContain("expected 0 to 3 positions to forget, got 4");
  });

  test("a pass that failed leaves no positions behind", () => {
    const { library, cache, forward } = load(withWeights(smallConfig));
    begin(library, cache, 5);
    forward(2);
    forward(1);
    expect(Number(library.launches.findLast(({ name }) => name === "rope_append")!.values[7])).toBe(2);
  });

  test("has one sequence, which must be added before use", () => {
    const { library, cache } = load(withWeights(smallConfig));
    expect(library.refusal(() => library.global("vm.builtin.kv_state_add_sequence", cache, 0n))).toContain("expected no sequence yet, got a second one");
    expect(library.refusal(() => library.global("vm.builtin.kv_state_add_sequence", cache, 1n))).toContain("expected sequence 0, got 1");
    library.global("vm.builtin.kv_state_remove_sequence", cache, 0n);
    expect(library.refusal(() => begin(library, cache, 1))).toContain("expected sequence 0, added before");
    library.global("vm.builtin.kv_state_clear", cache);
    library.global("vm.builtin.kv_state_add_sequence", cache, 0n);
    begin(library, cache, 1);
    expect(library.refusal(() => library.global("vm.builtin.attention_kv_cache_enable_sliding_window_for_seq", cache, 0n, 4n, 0n))).toContain("expected a model without one");
  });
});

describe("the instrument", () => {
  /** What is announced: kernel, whether before, and the parameter or shape of each tensor. */
  function watch(library: Library, names: readonly string[], params: Value, answer: (kernel: string) => Value = () => null): [string, boolean, Value[]][] {
    const byBuffer = new Map(names.map((name, i) => [library.read(library.global("ffi.ArrayGetItem", params, BigInt(i)) as Handle).buffer, name]));
    const events: [string, boolean, Value[]][] = [];
    library.model("set_instrument", (func, kernel, before, ret, ...args) => {
      expect(func).toBeInstanceOf(Handle);
      expect(ret).toBeNull();
      const shown = args.map((arg) => (arg instanceof Handle && arg.type === 70 ? (byBuffer.get(library.read(arg).buffer) ?? `[${library.read(arg).shape.join()}]`) : arg instanceof Handle ? `object ${arg.type}` : arg));
      events.push([text(kernel), before === true, shown]);
      return before === true ? answer(text(kernel)) : null;
    });
    return events;
  }

  test("hears each kernel before and after, with weights and activations in the stock order", () => {
    const loaded = load(withWeights(smallConfig));
    const events = watch(loaded.library, loaded.names, loaded.params);
    loaded.forward(3);
    const at = (layer: number): [string, Value[]][] => [
      ["rms_norm", ["[1,3,64]", `model.layers.${layer}.input_layernorm.weight`, "[1,3,64]"]],
      ["NT_matmul", ["[1,3,64]", `model.layers.${layer}.self_attn.qkv_proj.weight`, "[1,3,128]"]],
      ["vm.builtin.attention_kv_cache_attention_with_fused_qkv", ["object 128", BigInt(layer), 0.25, "[3,8,16]", "[3,4,16]"]],
      ["fused_NT_matmul_add", ["[1,3,64]", `model.layers.${layer}.self_attn.o_proj.weight`, "[1,3,64]", "[1,3,64]"]],
      ["rms_norm", ["[1,3,64]", `model.layers.${layer}.post_attention_layernorm.weight`, "[1,3,64]"]],
      ["NT_matmul", ["[1,3,64]", `model.layers.${layer}.mlp.gate_up_proj.weight`, "[1,3,192]"]],
      ["fused_split_silu_multiply", ["[1,3,192]", "[1,3,96]"]],
      ["fused_NT_matmul_add", ["[1,3,96]", `model.layers.${layer}.mlp.down_proj.weight`, "[1,3,64]", "[1,3,64]"]],
    ];
    const all: [string, Value[]][] = [
      ...at(0),
      ...at(1),
      ["rms_norm", ["[1,3,64]", "model.norm.weight", "[1,3,64]"]],
      ["index", ["[1,3,64]", "[1,1,64]"]],
      ["NT_matmul_head", ["[1,1,64]", "model.embed_tokens.weight", "[1,1,50]"]],
    ];
    expect(events).toEqual(all.flatMap(([kernel, args]) => [[kernel, true, args], [kernel, false, args]]));
  });

  test.each([
    ["float32", "llama", {}],
    ["float32", "qwen2", {}],
    ["4 bits", "qwen2", { q4: true }],
    ["4 bits", "qwen3", { q4: true }],
  ] as const)("announces what the layer finder reads in stock libraries: %s, %s", (_, architecture, kind) => {
    const config: LibraryConfig = { ...smallConfig, architecture };
    const weights = weightsOf(config, kind);
    for (const n of [1, 3]) {
      const { library, names, params, forward } = load(withWeights(config, weights));
      const byBuffer = new Map(names.map((name, i) => [library.read(library.global("ffi.ArrayGetItem", params, BigInt(i)) as Handle).buffer, { name, shape: weights.get(name)!.shape }]));
      const pass: Announcement[] = [];
      library.model("set_instrument", (_func, kernel, before, _ret, ...args) => {
        if (before !== true) return null;
        pass.push({
          kernel: text(kernel),
          args: args.map((arg) => {
            if (!(arg instanceof Handle) || arg.type !== 70) return null;
            const { buffer, dtype, shape } = library.read(arg);
            const weight = byBuffer.get(buffer);
            return weight ? { weight } : { buffer, dtype, shape };
          }),
        });
        return 1n;
      });
      forward(n);
      const { layers, final, rows, dtype } = findResidualStream(pass);
      expect([...layers, final].map(({ weight }) => weight)).toEqual(["model.layers.0.input_layernorm.weight", "model.layers.1.input_layernorm.weight", "model.norm.weight"]);
      expect([rows, dtype]).toEqual([n, "float32"]);
      expect(library.launches).toEqual([]);
    }
  });

  test("hears quantized weights as nibbles and scale, first", () => {
    const config: LibraryConfig = { ...smallConfig, architecture: "qwen2" };
    const loaded = load(withWeights(config, weightsOf(config, { q4: true })));
    const events = watch(loaded.library, loaded.names, loaded.params);
    loaded.forward(1);
    expect(events.find(([kernel]) => kernel === "fused_dequantize_fused_NT_matmul_add")?.[2]).toEqual([
      "model.layers.0.self_attn.c_attn.q_weight",
      "model.layers.0.self_attn.c_attn.q_scale",
      "[1,1,64]",
      "model.layers.0.self_attn.c_attn.bias",
      "[1,1,128]",
    ]);
  });

  test("skips a kernel, and its second announcement, by answering 1", () => {
    const loaded = load(withWeights(smallConfig));
    const events = watch(loaded.library, loaded.names, loaded.params, (kernel) => (kernel === "rms_norm" ? 1n : 0n));
    loaded.forward(1);
    expect(loaded.library.launches.map(({ name }) => name)).not.toContain("rms_norm");
    expect(events.filter(([kernel]) => kernel === "rms_norm").map(([, before]) => before)).toEqual([true, true, true, true, true]);
    expect(loaded.library.launches).not.toHaveLength(0);
  });

  test("a dry pass launches nothing", () => {
    const loaded = load(withWeights(smallConfig));
    watch(loaded.library, loaded.names, loaded.params, () => 1n);
    loaded.forward(3);
    expect(loaded.library.launches).toEqual([]);
  });

  test("ends with null, and passes an error on", () => {
    const loaded = load(withWeights(smallConfig));
    const events = watch(loaded.library, loaded.names, loaded.params);
    loaded.library.model("set_instrument", null);
    loaded.forward(1);
    expect(events).toEqual([]);
    loaded.library.model("set_instrument", () => {
      throw new Error("the tap is broken");
    });
    expect(loaded.library.refusal(() => loaded.forward(1))).toBe("the tap is broken");
    expect(loaded.library.refusal(() => loaded.library.model("set_instrument", 3))).toContain("expected a function or null, got a number");
  });
});

describe("sampling", () => {
  const kernelsOf = (library: Library): string[] => library.launches.map(({ name }) => name);

  test("sorts by blocks and merges, whose last writes the result", () => {
    const { library } = load(withWeights(smallConfig));
    for (const v of [50, 1024, 1025, 5000]) {
      library.launches.length = 0;
      const pair = library.model("argsort_probs", library.tensor([1, v]));
      const merges = Math.max(0, Math.ceil(Math.log2(v / 1024)));
      expect(kernelsOf(library)).toEqual(["argsort_blocks", ...Array.from({ length: merges }, () => "argsort_merge")]);
      const last = library.launches.at(-1)!.values;
      const [sorted, index] = [0n, 1n].map((i) => library.read(library.global("ffi.ArrayGetItem", pair, i) as Handle));
      expect([sorted!.shape, sorted!.dtype, index!.dtype]).toEqual([[1, v], "float32", "int32"]);
      const at = merges > 0 ? 2 : 1;
      expect([Number(last[at]), Number(last[at + 1])]).toEqual([sorted!.buffer, index!.buffer]);
    }
  });

  test("launches the kernels of the logit processors in place", () => {
    const { library } = load(withWeights(smallConfig));
    const ints = (...shape: number[]): Handle => library.tensor(shape, "int32");
    const logits = library.tensor([1, 50]);
    library.model("apply_bitmask_inplace", logits, ints(1), ints(1, 2));
    library.model("apply_logit_bias_inplace", logits, ints(3), ints(3), library.tensor([3]));
    library.model("apply_penalty_inplace", logits, ints(1), ints(3), ints(3), ints(3), library.tensor([1, 3]));
    library.model("softmax_with_temperature", library.tensor([1, 1, 50]), library.tensor([1]));
    const sampled = library.model("sample_with_top_p", logits, ints(1, 50), library.tensor([1]), ints(1), library.tensor([1])) as Handle;
    expect(library.read(sampled)).toMatchObject({ shape: [1], dtype: "int32" });
    expect(kernelsOf(library)).toEqual(["apply_bitmask", "apply_logit_bias", "apply_penalty", "softmax_temperature", "sample_top_p"]);
  });

  test("refuses tensors that do not fit together", () => {
    const { library } = load(withWeights(smallConfig));
    const ints = (...shape: number[]): Handle => library.tensor(shape, "int32");
    const logits = library.tensor([1, 50]);
    expect(library.refusal(() => library.model("apply_bitmask_inplace", logits, ints(1), ints(1, 1)))).toContain("apply_bitmask_inplace: expected 2 dimensions of int32 as argument 3, of fitting sizes, got [1, 1] int32");
    expect(library.refusal(() => library.model("apply_logit_bias_inplace", logits, ints(3), ints(2), library.tensor([3])))).toContain("argument 3");
    expect(library.refusal(() => library.model("apply_penalty_inplace", logits, ints(1), ints(3), ints(3), ints(3), library.tensor([1, 2])))).toContain("argument 6");
    expect(library.refusal(() => library.model("softmax_with_temperature", library.tensor([1, 2, 50]), library.tensor([1])))).toContain("expected logits [B, 1, V], got [1, 2, 50] float32");
    expect(library.refusal(() => library.model("sample_with_top_p", logits, ints(1, 49), library.tensor([1]), ints(1), library.tensor([1])))).toContain("argument 2");
    expect(library.refusal(() => library.model("argsort_probs", library.tensor([50])))).toContain("expected 2 dimensions of float32 as argument 1");
  });
});
