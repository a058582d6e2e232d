/**
 * What we use of WebLLM beyond its public interface. This is the only file
 * that knows private names; they are those of @mlc-ai/web-llm 0.2.86, and
 * `borrowPipeline` says at once if one is missing.
 *
 * WebLLM loads a model and keeps it in a pipeline: TVM's runtime (`tvm`), the
 * virtual machine with the model's functions (`vm`), its weights and its KV
 * cache. We drive these functions as WebLLM does and keep its count of filled
 * positions right, so that it can go on from where we stop.
 */
import { type MLCEngine, modelVersion } from "@mlc-ai/web-llm";
import { EngineError } from "../engine.ts";
import { numberToHalf } from "./float16.ts";
import type { Weight } from "./layer-finder.ts";

/** The release whose private names these are; the package is pinned to it. */
export const webllmVersion = "0.2.86";
/** Libraries go with one release only: those of another folder do not even link. */
const expectedModelVersion = "v0_2_86/base";

/** A tensor of TVM's. On the GPU its data pointer is the number of a buffer. */
export interface GpuTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly dataPtr: number;
  view(shape: readonly number[]): GpuTensor;
  copyFrom(data: ArrayLike<number>): GpuTensor;
  copyFromRawBytes(bytes: Uint8Array): GpuTensor;
  dispose(): void;
}

interface TvmObject {
  dispose(): void;
}

interface TvmArray extends TvmObject {
  get(index: number): GpuTensor;
}

type TvmFunction = ((...args: unknown[]) => unknown) & TvmObject;

/** A packed function as the wasm heap sees it: the arguments and the result lie at these addresses. */
type SafeCall = (self: number, args: number, count: number, ret: number) => number;

interface Memory {
  readonly memory: { readonly buffer: ArrayBuffer };
  loadU8(address: number): number;
  loadI32(address: number): number;
  loadPointer(address: number): number;
  loadCString(address: number): string;
  loadSmallStr(address: number): string;
  loadByteArrayAsString(address: number): string;
  storeRawBytes(address: number, bytes: Uint8Array): void;
}

interface GpuContext {
  readonly device: GPUDevice;
  /** Dispatches that are let through; −1 is all. */
  debugShaderSubmitLimit: number;
  shaderSubmitCounter: number;
  readonly bufferTable: (GPUBuffer | undefined)[];
  readonly bufferTableFreeId: number[];
  attachToBufferTable(buffer: GPUBuffer): number;
  deviceCopyWithinGPU(from: number, fromOffset: number, to: number, toOffset: number, bytes: number): void;
  flushCommands(): void;
}

interface Tvm {
  readonly lib: { readonly memory: Memory; readonly webGPUContext: GpuContext };
  beginScope(): void;
  endScope(): void;
  detachFromCurrentScope<T extends TvmObject>(object: T): T;
  empty(shape: readonly number[], dtype: string, device: unknown): GpuTensor;
  makeShapeTuple(shape: readonly number[]): TvmObject;
  scalar(value: number, dtype: string): unknown;
  getGlobalFunc(name: string): TvmFunction;
  createPackedFuncFromSafeCallType(call: SafeCall): TvmFunction;
}

interface PrivatePipeline {
  readonly tvm: Tvm;
  readonly vm: { getFunction(name: string): TvmFunction };
  readonly device: unknown;
  readonly params: TvmArray;
  readonly kvCache: TvmObject;
  readonly embed: TvmFunction;
  readonly prefill: TvmFunction;
  readonly decoding: TvmFunction;
  readonly fclearKVCaches: TvmFunction;
  readonly fKVCacheAddSequence: TvmFunction;
  readonly fKVCacheBeginForward: TvmFunction;
  readonly fKVCacheEndForward: TvmFunction;
  readonly prefillChunkSize: number;
  readonly contextWindowSize: number;
  readonly resolvedModelABI: { readonly prefillABI: string; readonly decodeABI: string; readonly needsRNNState: boolean };
  readonly artifact?: unknown;
  filledKVCacheLength: number;
  resetKVCache(): void;
  resetChat(): void;
}

const needed: Readonly<Record<"pipeline" | "tvm" | "lib", readonly string[]>> = {
  pipeline: ["tvm", "vm", "device", "params", "kvCache", "embed", "prefill", "decoding", "fclearKVCaches", "fKVCacheAddSequence", "fKVCacheBeginForward", "fKVCacheEndForward", "prefillChunkSize", "contextWindowSize", "resolvedModelABI", "filledKVCacheLength", "resetKVCache", "resetChat"],
  tvm: ["lib", "beginScope", "endScope", "detachFromCurrentScope", "empty", "makeShapeTuple", "scalar", "getGlobalFunc", "createPackedFuncFromSafeCallType"],
  lib: ["memory", "webGPUContext"],
};

/**
 * Takes hold of the pipeline that an engine has loaded.
 *
 * @throws EngineError "webllm: …" where this is not the WebLLM that we know
 */
export function borrowPipeline(engine: MLCEngine, modelId: string): Pipeline {
  const loaded: unknown = (engine as unknown as { loadedModelIdToPipeline?: unknown }).loadedModelIdToPipeline;
  const pipeline = loaded instanceof Map ? ((loaded as Map<string, unknown>).get(modelId) as Partial<PrivatePipeline> | undefined) : undefined;
  if (!pipeline) throw unknownWebllm("loadedModelIdToPipeline");
  const lacks = (object: object, names: readonly string[]): string | undefined => names.find((name) => (object as Record<string, unknown>)[name] === undefined);
  const missing = lacks(pipeline, needed.pipeline) ?? lacks(pipeline.tvm as Tvm, needed.tvm) ?? lacks((pipeline.tvm as Tvm).lib, needed.lib);
  if (missing !== undefined) throw unknownWebllm(missing);
  return new Pipeline(pipeline as PrivatePipeline);
}

/** @throws EngineError where the package is not the release that this code was written for */
export function checkRelease(): void {
  if (modelVersion !== expectedModelVersion) {
    throw new EngineError(`webllm: expected libraries of ${expectedModelVersion}, got ${modelVersion}; install @mlc-ai/web-llm ${webllmVersion}`);
  }
}

function unknownWebllm(name: string): EngineError {
  return new EngineError(`webllm: expected ${name}, as in @mlc-ai/web-llm ${webllmVersion}, got none; install that release`);
}

export interface LoadedWeight extends Weight {
  readonly dtype: string;
  /** Number of its buffer. */
  readonly buffer: number;
}

/** TVM's type codes of arguments. */
const type = { int: 1, rawString: 8, smallString: 11, string: 65, tensor: 70 } as const;
/** Bytes of an argument, of an object's header, and where a DLTensor keeps what (wasm32). */
const argumentBytes = 16;
const headerBytes = 24;
const dl = { data: 0, dimensions: 12, dtype: 16, shape: 20, byteOffset: 32 } as const;
/** The first four arguments of an announcement: function, name, whether it is before the call, result. */
const leading = 4;

/**
 * One announcement of TVM's instrument, read in place. There is one object for
 * all of them, valid during the callback.
 */
export class KernelCall {
  private args = 0;
  private ret = 0;
  /** Arguments of the kernel. */
  count = 0;
  /** The heap in words of 32 bits. WebLLM's own readers ask the WebAssembly memory each time, which costs more than all the rest. */
  private words: Int32Array;

  constructor(private readonly memory: Memory) {
    this.words = new Int32Array(memory.memory.buffer);
  }

  at(args: number, count: number, ret: number): this {
    // A heap that has grown leaves its old views empty.
    if (this.words.length === 0) this.words = new Int32Array(this.memory.memory.buffer);
    this.args = args;
    this.count = count - leading;
    this.ret = ret;
    return this;
  }

  /** Whether the kernel is still to run. */
  get before(): boolean {
    return this.word(this.args + 2 * argumentBytes + 8) !== 0;
  }

  get name(): string {
    const at = this.args + argumentBytes;
    const kind = this.memory.loadI32(at);
    if (kind === type.rawString) return this.memory.loadCString(this.memory.loadPointer(at + 8));
    if (kind === type.smallString) return this.memory.loadSmallStr(at);
    if (kind === type.string) return this.memory.loadByteArrayAsString(this.memory.loadPointer(at + 8) + headerBytes);
    return "";
  }

  /** Number of the buffer of argument i; −1 where it is no tensor. */
  buffer(i: number): number {
    const tensor = this.tensor(i);
    return tensor === 0 ? -1 : this.word(tensor + dl.data);
  }

  /** Where in its buffer argument i begins, in bytes. */
  byteOffset(i: number): number {
    const tensor = this.tensor(i);
    return tensor === 0 ? 0 : this.word(tensor + dl.byteOffset);
  }

  shape(i: number): number[] {
    const tensor = this.tensor(i);
    if (tensor === 0) return [];
    const shape = this.memory.loadPointer(tensor + dl.shape);
    return Array.from({ length: this.memory.loadI32(tensor + dl.dimensions) }, (_, k) => this.memory.loadI32(shape + 8 * k));
  }

  dtype(i: number): string {
    const tensor = this.tensor(i);
    if (tensor === 0) return "";
    const kind = ["int", "uint", "float", "handle", "bfloat"][this.memory.loadU8(tensor + dl.dtype)] ?? "unknown";
    return `${kind}${this.memory.loadU8(tensor + dl.dtype + 1)}`;
  }

  /** Tells TVM not to run the kernel. */
  skip(): void {
    this.memory.storeRawBytes(this.ret, skipAnswer);
  }

  /** Address of the DLTensor of argument i; 0 where it is no tensor. */
  private tensor(i: number): number {
    if (i < 0 || i >= this.count) return 0;
    const at = this.args + (leading + i) * argumentBytes;
    return this.word(at) === type.tensor ? this.word(at + 8) + headerBytes : 0;
  }

  private word(address: number): number {
    return this.words[address >>> 2] ?? 0;
  }
}

/** The integer 1, as TVM keeps it: type, padding, 64 bits. */
const skipAnswer = Uint8Array.of(type.int, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);

export class Pipeline {
  readonly device: GPUDevice;
  readonly weights: readonly LoadedWeight[];
  readonly hiddenSize: number;
  /** Type of activations. */
  readonly dtype: "float32" | "float16";
  /** Positions that one prefill may take. */
  readonly chunk: number;
  readonly contextLength: number;
  /** Whether the library computes logits of hidden states as such (Llama and some others do). */
  readonly givesLogits: boolean;

  private readonly tvm: Tvm;
  private readonly gpu: GpuContext;
  private readonly getLogits: TvmFunction | null;
  private readonly pop: TvmFunction;
  private readonly createCache: TvmFunction;
  /** A KV cache of its own for passes whose keys and values nobody wants. */
  private scratch: TvmObject | null = null;
  private instrumented = false;

  constructor(private readonly pipeline: PrivatePipeline) {
    const { tvm, vm, contextWindowSize, prefillChunkSize, resolvedModelABI: abi } = pipeline;
    if (pipeline.artifact !== undefined || abi.needsRNNState || abi.prefillABI !== "single" || abi.decodeABI !== "single") {
      throw new EngineError("webllm: expected a model with one KV cache and plain prefill and decode, got another kind; choose a model of attention layers only");
    }
    if (contextWindowSize < 1) throw new EngineError("webllm: expected a model with a fixed context, got one with a sliding window; choose another model");
    this.tvm = tvm;
    this.gpu = tvm.lib.webGPUContext;
    this.device = this.gpu.device;
    this.contextLength = contextWindowSize;
    this.chunk = Math.min(prefillChunkSize, contextWindowSize);
    const keep = <T extends TvmObject>(object: T): T => tvm.detachFromCurrentScope(object);
    const found = this.scoped(() => {
      const metadata = JSON.parse(String(vm.getFunction("_metadata")())) as { params: readonly { name: string }[] };
      const weights = metadata.params.map(({ name }, i): LoadedWeight => {
        const { shape, dtype, dataPtr } = pipeline.params.get(i);
        return { name, shape: [...shape], dtype, buffer: dataPtr };
      });
      const embedded = this.embed([0]);
      return {
        weights,
        hiddenSize: embedded.shape.at(-1) ?? 0,
        dtype: embedded.dtype,
        getLogits: this.optional("get_logits"),
        pop: keep(tvm.getGlobalFunc("vm.builtin.kv_state_popn")),
        createCache: keep(vm.getFunction("create_tir_paged_kv_cache")),
      };
    });
    this.weights = found.weights;
    this.hiddenSize = found.hiddenSize;
    if (found.dtype !== "float32" && found.dtype !== "float16") throw new EngineError(`webllm: expected activations of float32 or float16, got ${found.dtype}; choose another model`);
    this.dtype = found.dtype;
    this.getLogits = found.getLogits;
    this.givesLogits = found.getLogits !== null;
    this.pop = found.pop;
    this.createCache = found.createCache;
  }

  /** Positions in the KV cache. */
  get length(): number {
    return this.pipeline.filledKVCacheLength;
  }

  /** Runs work and frees all TVM objects that it made. */
  scoped<T>(work: () => T): T {
    this.tvm.beginScope();
    try {
      return work();
    } finally {
      this.tvm.endScope();
    }
  }

  /**
   * Has every kernel announced from now on, before and after it runs. The
   * callback must not throw, wait, or make TVM objects; it answers whether the
   * kernel is to be skipped. It cannot be taken away again.
   *
   * TVM's usual callbacks (`toPackedFunc`) turn arguments into objects in
   * place and free them while TVM still uses them; only a raw one is safe here.
   *
   * @returns false where this library does not announce its kernels
   */
  instrument(callback: (call: KernelCall) => boolean): boolean {
    if (this.instrumented) throw new RangeError("pipeline: expected to be instrumented once");
    const { tvm } = this;
    const setInstrument = this.scoped(() => this.optional("set_instrument"));
    if (!setInstrument) return false;
    const call = new KernelCall(tvm.lib.memory);
    const raw = tvm.createPackedFuncFromSafeCallType((_, args, count, ret) => {
      if (callback(call.at(args, count, ret))) call.skip();
      return 0;
    });
    // Never disposed of: the virtual machine calls it for as long as it lives.
    setInstrument(raw);
    setInstrument.dispose();
    this.instrumented = true;
    return true;
  }

  /** Input embeddings of at most `chunk` tokens, [n, D]; in a scope. */
  embed(tokens: readonly number[]): GpuTensor {
    const { tvm, pipeline } = this;
    const ids = tvm.empty([tokens.length], "int32", pipeline.device).copyFrom(tokens);
    return pipeline.embed(ids, pipeline.params) as GpuTensor;
  }

  /** Vectors as an input, [1, n, D]; in a scope. */
  vectors(data: Float32Array): GpuTensor {
    const out = this.empty([1, data.length / this.hiddenSize, this.hiddenSize]);
    if (this.dtype === "float32") return out.copyFrom(data);
    return out.copyFromRawBytes(new Uint8Array(Uint16Array.from(data, numberToHalf).buffer));
  }

  /** States whose content does not matter; in a scope. */
  empty(shape: readonly number[]): GpuTensor {
    return this.tvm.empty(shape, this.dtype, this.pipeline.device);
  }

  /**
   * Pushes n vectors [1, n, D] through the network, n at most `chunk`. In a scope.
   *
   * @returns logits of the last position, [1, 1, V] float32
   */
  forward(input: GpuTensor): GpuTensor {
    // The cache keeps the positions of a pass that has begun, also where it fails: they are counted, so that they can be rewound.
    return this.pass(input, this.pipeline.kvCache, (rows) => void (this.pipeline.filledKVCacheLength += rows));
  }

  /** The same without a trace in the KV cache, for passes of which only parts run. At most `scratchRows` rows. */
  forwardAside(input: GpuTensor): GpuTensor {
    const { tvm, pipeline } = this;
    const shape = (size: number): TvmObject => tvm.makeShapeTuple([size]);
    this.scratch ??= tvm.detachFromCurrentScope(this.createCache(shape(1), shape(scratchRows), shape(this.chunk), shape(pageSize), shape(0)) as TvmObject);
    pipeline.fclearKVCaches(this.scratch);
    pipeline.fKVCacheAddSequence(this.scratch, tvm.scalar(0, "int64"));
    return this.pass(input, this.scratch);
  }

  /** Logits of final-norm states [n, D], [n, V] float32; in a scope, and only where `givesLogits`. */
  logits(states: GpuTensor): GpuTensor {
    return (this.getLogits as TvmFunction)(states, this.pipeline.params) as GpuTensor;
  }

  /** Forgets all but the first `length` positions. */
  rewind(length: number): void {
    const { pipeline, tvm } = this;
    const over = pipeline.filledKVCacheLength - length;
    if (over <= 0) return;
    this.scoped(() => {
      if (length === 0) pipeline.resetKVCache();
      else this.pop(pipeline.kvCache, tvm.scalar(0, "int64"), tvm.scalar(over, "int32"));
    });
    pipeline.filledKVCacheLength = length;
  }

  /** Forgets everything, WebLLM's own conversation too. */
  reset(): void {
    this.pipeline.resetChat();
  }

  /** Makes a buffer known to TVM, so that `copy` can be given it. */
  adopt(buffer: GPUBuffer): number {
    return this.gpu.attachToBufferTable(buffer);
  }

  /** Takes back what `adopt` did; the buffer may be destroyed after that. */
  release(id: number): void {
    this.gpu.flushCommands();
    this.gpu.bufferTable[id] = undefined;
    this.gpu.bufferTableFreeId.push(id);
  }

  /** The buffer of this number. */
  buffer(id: number): GPUBuffer {
    const buffer = this.gpu.bufferTable[id];
    if (!buffer) throw new RangeError(`pipeline: expected a buffer under ${id}`);
    return buffer;
  }

  /** Copies on the GPU, in order with the kernels before and after. */
  copy(from: number, fromOffset: number, to: number, toOffset: number, bytes: number): void {
    this.gpu.deviceCopyWithinGPU(from, fromOffset, to, toOffset, bytes);
  }

  /** Whether kernels are given to the GPU. Without, a pass costs what it costs the processor, and computes nothing: for benches. */
  dispatch(on: boolean): void {
    this.gpu.debugShaderSubmitLimit = on ? -1 : this.gpu.shaderSubmitCounter;
  }

  /** Hands all that was recorded to the GPU. */
  flush(): void {
    this.gpu.flushCommands();
  }

  /** @param begun  called with the positions that the cache has from then on */
  private pass(input: GpuTensor, cache: TvmObject, begun: (rows: number) => void = () => undefined): GpuTensor {
    const { pipeline, tvm } = this;
    const rows = input.shape[1] ?? 0;
    pipeline.fKVCacheBeginForward(cache, tvm.makeShapeTuple([0]), tvm.makeShapeTuple([rows]));
    begun(rows);
    try {
      // WebLLM, too, takes the decode kernels for one position, the first included.
      const run = rows > 1 ? pipeline.prefill : pipeline.decoding;
      return (run(input, cache, pipeline.params) as TvmArray).get(0);
    } finally {
      pipeline.fKVCacheEndForward(cache);
    }
  }

  /** A function of the virtual machine, kept; null where the library lacks it. In a scope. */
  private optional(name: string): TvmFunction | null {
    try {
      const found: unknown = this.pipeline.vm.getFunction(name);
      return typeof found === "function" ? this.tvm.detachFromCurrentScope(found as TvmFunction) : null;
    } catch {
      return null;
    }
  }
}

/** Positions per page of a KV cache, as in WebLLM. */
const pageSize = 16;
/** The most rows of a pass aside. */
export const scratchRows = 64;
