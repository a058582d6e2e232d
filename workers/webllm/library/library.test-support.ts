/**
 * The library in Node, called as web-llm's JavaScript calls it, over the C ABI of
 * TVM-FFI: values of 16 bytes, counted objects, one error text. The GPU is stood in for
 * by a table of buffer sizes; it counts launches and computes nothing.
 */
import { readFileSync } from "node:fs";
import { configureLibrary } from "./configure.ts";
import type { LibraryConfig } from "./configure.ts";

export const builtLibrary = (): Uint8Array => new Uint8Array(readFileSync(new URL("geodesic-llama.wasm", import.meta.url)));

/** Functions the wasm may export, as far as we call them. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  TVMWasmAllocSpace(size: number): number;
  TVMWasmFreeSpace(pointer: number): void;
  TVMFFIFunctionGetGlobal(name: number, out: number): number;
  TVMFFIFunctionSetGlobal(name: number, func: number, override: number): number;
  TVMFFIFunctionCall(func: number, args: number, count: number, result: number): number;
  TVMFFIObjectIncRef(object: number): number;
  TVMFFIObjectDecRef(object: number): number;
  TVMFFIAnyViewToOwnedAny(view: number, owned: number): number;
  TVMFFITypeKeyToIndex(key: number, out: number): number;
  TVMFFIWasmFunctionCreate(self: number, out: number): number;
  TVMFFIErrorSetRaisedFromCStr(kind: number, message: number): void;
  TVMFFIWasmGetLastError(): number;
}

/** An object of the library, owned by the test until it is released. */
export class Handle {
  constructor(readonly type: number, readonly pointer: number) {}
}

export interface Device {
  readonly device: number;
}
export const cpu: Device = { device: 1 };
export const webgpu: Device = { device: 15 };

/** Number: a float, as JavaScript's numbers arrive; bigint: an integer; null: nothing; a function: one of JavaScript. */
export type Value = number | bigint | boolean | string | Uint8Array | null | Device | Handle | Callback;
export type Callback = (...values: Value[]) => Value | void;

/** A value that must be a string. */
export function text(value: Value | undefined): string {
  if (typeof value !== "string") throw new Error(`expected a string, got ${typeof value}`);
  return value;
}

const types = { none: 0, int: 1, bool: 2, float: 3, pointer: 4, device: 6, rawString: 8, byteArray: 9, object: 64, string: 65, bytes: 66, function: 68, tensor: 70 };

export interface TensorView {
  readonly buffer: number;
  readonly device: number;
  readonly shape: readonly number[];
  readonly dtype: string;
}

export class Library {
  readonly exports: Exports;
  /** Bytes of each GPU buffer by its number; freed ones are 0. */
  readonly buffers: number[] = [0];
  /** Names of the kernels launched, with the numbers passed. */
  readonly launches: { readonly name: string; readonly values: readonly Value[] }[] = [];
  /** WGSL of each kernel that was made, by name. */
  readonly shaders = new Map<string, string>();
  /** How many bytes of GPU memory there are. */
  gpuBytes = Infinity;
  private readonly callbacks: Callback[] = [() => undefined];
  private readonly globals = new Map<string, Handle>();

  constructor(wasm: Uint8Array) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm)), {
      env: {
        TVMFFIWasmSafeCall: (self: number, args: number, count: number, result: number) => this.answer(self, args, count, result),
        TVMFFIWasmFunctionDeleter: () => undefined,
      },
    });
    this.exports = instance.exports as unknown as Exports;
    this.exports._initialize();
    this.setGlobal("wasm.WebGPUDeviceAPI", (name) => this.gpu(text(name)));
    this.setGlobal("wasm.WebGPUCreateShader", (information, code) => {
      const { name } = JSON.parse(text(information)) as { name: string };
      this.shaders.set(name, text(code));
      return (...values: Value[]) => void this.launches.push({ name, values });
    });
  }

  private gpu(name: string): Callback {
    if (name === "deviceAllocDataSpace") {
      return (size) => {
        const used = this.buffers.reduce((sum, bytes) => sum + bytes, 0);
        if (used + Number(size) > this.gpuBytes) throw new Error("no more GPU memory");
        return this.buffers.push(Number(size)) - 1;
      };
    }
    if (name === "deviceFreeDataSpace") return (buffer) => void (this.buffers[Number(buffer)] = 0);
    return () => undefined;
  }

  private get view(): DataView {
    return new DataView(this.exports.memory.buffer);
  }

  private allocate(size: number): number {
    const at = this.exports.TVMWasmAllocSpace(size);
    if (at === 0) throw new Error(this.lastError());
    return at;
  }

  private text(text: string): number {
    const bytes = new TextEncoder().encode(text);
    const at = this.allocate(bytes.length + 1);
    new Uint8Array(this.exports.memory.buffer).set([...bytes, 0], at);
    return at;
  }

  private byteArray(bytes: Uint8Array): number {
    const data = this.allocate(bytes.length + 1);
    new Uint8Array(this.exports.memory.buffer).set(bytes, data);
    const at = this.allocate(8);
    this.view.setUint32(at, data, true);
    this.view.setUint32(at + 4, bytes.length, true);
    return at;
  }

  private cText(at: number): string {
    const bytes = new Uint8Array(this.exports.memory.buffer);
    return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
  }

  lastError(): string {
    return this.cText(this.exports.TVMFFIWasmGetLastError());
  }

  private store(at: number, value: Value): void {
    const { view } = this;
    view.setInt32(at + 4, 0, true);
    view.setBigInt64(at + 8, 0n, true);
    const set = (type: number, pointer: number): void => {
      // Making the pointer may have grown the memory, which detaches older views.
      this.view.setInt32(at, type, true);
      this.view.setUint32(at + 8, pointer, true);
    };
    if (value === null) view.setInt32(at, types.none, true);
    else if (typeof value === "number") {
      view.setInt32(at, types.float, true);
      view.setFloat64(at + 8, value, true);
    } else if (typeof value === "bigint" || typeof value === "boolean") {
      view.setInt32(at, typeof value === "bigint" ? types.int : types.bool, true);
      view.setBigInt64(at + 8, BigInt(value), true);
    } else if (typeof value === "string") set(types.rawString, this.text(value));
    else if (value instanceof Uint8Array) set(types.byteArray, this.byteArray(value));
    else if (value instanceof Handle) set(value.type, value.pointer);
    else if (typeof value === "function") set(types.function, this.callback(value).pointer);
    else set(types.device, value.device);
  }

  private load(at: number): Value {
    const { view } = this;
    const type = view.getInt32(at, true);
    const pointer = view.getUint32(at + 8, true);
    if (type === types.none) return null;
    if (type === types.int) return view.getBigInt64(at + 8, true);
    if (type === types.bool) return view.getBigInt64(at + 8, true) !== 0n;
    if (type === types.float) return view.getFloat64(at + 8, true);
    if (type === types.pointer) return pointer;
    if (type === types.rawString) return this.cText(pointer);
    if (type === types.string || type === types.bytes) {
      const data = view.getUint32(pointer + 24, true);
      const bytes = new Uint8Array(this.exports.memory.buffer).slice(data, data + view.getUint32(pointer + 28, true));
      return type === types.string ? new TextDecoder().decode(bytes) : bytes;
    }
    return new Handle(type, pointer);
  }

  /** Called by the library: a function of JavaScript. */
  private answer(self: number, args: number, count: number, result: number): number {
    try {
      const values = Array.from({ length: count }, (_, i) => this.load(args + 16 * i));
      const answer = this.callbacks[self]!(...values);
      const scratch = this.allocate(16);
      this.store(scratch, answer ?? null);
      this.exports.TVMFFIAnyViewToOwnedAny(scratch, result);
      return 0;
    } catch (error) {
      this.exports.TVMFFIErrorSetRaisedFromCStr(this.text("Error"), this.text(error instanceof Error ? error.message : String(error)));
      return -1;
    }
  }

  private pointerOut(make: (out: number) => number): number {
    const out = this.allocate(4);
    if (make(out) !== 0) throw new Error(this.lastError());
    return this.view.getUint32(out, true);
  }

  private callback(call: Callback): Handle {
    const self = this.callbacks.push(call) - 1;
    return new Handle(types.function, this.pointerOut((out) => this.exports.TVMFFIWasmFunctionCreate(self, out)));
  }

  setGlobal(name: string, call: Callback): void {
    const code = this.exports.TVMFFIFunctionSetGlobal(this.byteArray(new TextEncoder().encode(name)), this.callback(call).pointer, 0);
    if (code !== 0) throw new Error(this.lastError());
  }

  hasGlobal(name: string): boolean {
    return this.pointerOut((out) => this.exports.TVMFFIFunctionGetGlobal(this.byteArray(new TextEncoder().encode(name)), out)) !== 0;
  }

  global(name: string, ...values: Value[]): Value {
    let found = this.globals.get(name);
    if (!found) {
      found = new Handle(types.function, this.pointerOut((out) => this.exports.TVMFFIFunctionGetGlobal(this.byteArray(new TextEncoder().encode(name)), out)));
      this.globals.set(name, found);
    }
    return this.call(found, ...values);
  }

  call(callee: Handle, ...values: Value[]): Value {
    const args = this.allocate(16 * values.length + 16);
    values.forEach((value, i) => this.store(args + 16 * i, value));
    const result = this.allocate(16);
    if (this.exports.TVMFFIFunctionCall(callee.pointer, args, values.length, result) !== 0) throw new Error(this.lastError());
    return this.load(result);
  }

  /** A function of a module, or null. */
  find(module: Value, name: string): Handle | null {
    return this.global("ffi.ModuleGetFunction", module, name, true) as Handle | null;
  }

  /** The model's functions. */
  model(name: string, ...values: Value[]): Value {
    const load = this.find(this.global("ffi.SystemLib"), "vm_load_executable")!;
    const found = this.find(this.call(load), name);
    if (!found) throw new Error(`no function ${name}`);
    return this.call(found, ...values);
  }

  shape(...sizes: number[]): Value {
    return this.global("ffi.Shape", ...sizes.map(BigInt));
  }

  tensor(shape: readonly number[], dtype = "float32", device: Device = webgpu): Handle {
    return this.global("runtime.TVMTensorAllocWithScope", this.shape(...shape), dtype, device, null) as Handle;
  }

  /** What JavaScript reads of a tensor. */
  read({ pointer }: Handle): TensorView {
    const { view } = this;
    const dl = pointer + 24;
    const shapeAt = view.getUint32(dl + 20, true);
    const code = ["int", "uint", "float"][view.getUint8(dl + 16)]!;
    return {
      buffer: view.getUint32(dl, true),
      device: view.getInt32(dl + 4, true),
      shape: Array.from({ length: view.getInt32(dl + 12, true) }, (_, i) => Number(view.getBigInt64(shapeAt + 8 * i, true))),
      dtype: `${code}${view.getUint8(dl + 17)}`,
    };
  }

  references({ pointer }: Handle): number {
    return Number(this.view.getBigUint64(pointer, true));
  }

  /** The message of the error that a call must raise. */
  refusal(act: () => unknown): string {
    try {
      act();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("expected an error, got none");
  }
}

export type Weights = Map<string, { shape: readonly number[]; dtype: string }>;

/** The tensors that MLC's folder of such a model holds. */
export function weightsOf(config: LibraryConfig, { q4 = false, elem = "float32" } = {}): Weights {
  const weights: Weights = new Map();
  const linear = (name: string, out: number, inputs: number): void => {
    if (q4) {
      weights.set(`${name}.q_weight`, { shape: [out, 4 * Math.ceil(inputs / 32)], dtype: "uint32" });
      weights.set(`${name}.q_scale`, { shape: [out, Math.ceil(inputs / 32)], dtype: elem });
    } else weights.set(`${name}.weight`, { shape: [out, inputs], dtype: elem });
  };
  const vector = (name: string, size: number): void => void weights.set(name, { shape: [size], dtype: elem });
  const { hiddenSize: d, heads, kvHeads, headDim, intermediateSize: f, vocabSize: v, architecture } = config;
  linear("model.embed_tokens", v, d);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const fused = `${at}.self_attn.${architecture === "llama" ? "qkv_proj" : "c_attn"}`;
    linear(fused, (heads + 2 * kvHeads) * headDim, d);
    if (architecture === "qwen2") vector(`${fused}.bias`, (heads + 2 * kvHeads) * headDim);
    if (architecture === "qwen3") for (const name of ["q_norm", "k_norm"]) vector(`${at}.self_attn.${name}.weight`, headDim);
    linear(`${at}.self_attn.o_proj`, d, heads * headDim);
    linear(`${at}.mlp.gate_up_proj`, 2 * f, d);
    linear(`${at}.mlp.down_proj`, d, f);
    for (const name of ["input_layernorm", "post_attention_layernorm"]) vector(`${at}.${name}.weight`, d);
  }
  vector("model.norm.weight", d);
  if (!config.tied) linear("lm_head", v, d);
  return weights;
}

export const smallConfig: LibraryConfig = {
  architecture: "llama",
  hiddenSize: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  intermediateSize: 96,
  vocabSize: 50,
  ropeTheta: 10_000,
  ropeScaling: null,
  normEpsilon: 1e-5,
  contextLength: 40,
  prefillChunkSize: 16,
  tied: true,
};

/** A library that holds the given tensors, its metadata not yet asked for. */
export function withWeights(config: LibraryConfig, weights: Weights = weightsOf(config)): Library {
  const library = new Library(configureLibrary(builtLibrary(), config));
  for (const [name, { shape, dtype }] of weights) library.global("vm.builtin.tensor_cache.update", name, library.tensor(shape, dtype), 0n);
  return library;
}

export interface Loaded {
  readonly library: Library;
  readonly names: readonly string[];
  readonly params: Value;
  readonly cache: Value;
  /** A forward pass of n vectors, with its announcement to the cache. */
  forward(n: number): Value;
}

/** As WebLLM's pipeline does it: metadata, parameters by name, cache, sequence 0. */
export function load(library: Library, context = smallConfig.contextLength): Loaded {
  const metadata = JSON.parse(text(library.model("_metadata"))) as { params: { name: string }[]; prefill_chunk_size: number };
  const names = metadata.params.map(({ name }) => name);
  const module = library.global("vm.builtin.param_module_from_cache_by_name", library.global("ffi.Array", ...names));
  const params = library.call(library.find(module, "get_params")!);
  const size = (n: number): Value => library.shape(n);
  const cache = library.model("create_tir_paged_kv_cache", size(1), size(context), size(metadata.prefill_chunk_size), size(16), size(0));
  library.global("vm.builtin.kv_state_add_sequence", cache, 0n);
  return {
    library,
    names,
    params,
    cache,
    forward(n) {
      library.global("vm.builtin.kv_state_begin_forward", cache, size(0), size(n));
      const result = library.model(n > 1 ? "prefill" : "decode", library.tensor([1, n, smallConfig.hiddenSize]), cache, params);
      library.global("vm.builtin.kv_state_end_forward", cache);
      return result;
    },
  };
}
