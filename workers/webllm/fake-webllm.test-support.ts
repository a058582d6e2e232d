/**
 * A stand-in for WebLLM's pipeline, in plain JavaScript: TVM's objects with a
 * heap of bytes, a GPU whose buffers are bytes too, and a toy network that
 * announces its kernels as stock libraries do. With it the adapter, the tap and
 * the decoder run in Node, on kinds of libraries that no test machine can load.
 *
 * The network: each layer adds to the residual stream a matrix times the mean
 * of all normed states so far, kept in a KV cache.
 */
import type { MLCEngine } from "@mlc-ai/web-llm";
import { Random } from "../../probes/random.ts";
import { halfToNumber, numberToHalf } from "./float16.ts";

export interface FakeKind {
  readonly dtype: "float32" | "float16";
  /** Adds and norms in one kernel, as float16 libraries do. */
  readonly fused: boolean;
  /** Scales the embeddings and has a norm after each block, as Gemma 2. */
  readonly gemma: boolean;
  /** Has get_logits, as Llama. */
  readonly givesLogits: boolean;
  readonly announces: boolean;
  /** Leaves out the announcement of this kernel's first call, by layer; to see that it is missed. */
  readonly silentLayer?: number;
}

export const sizes = { layers: 3, hiddenSize: 8, vocabSize: 12, contextLength: 16, chunk: 6 } as const;
const epsilon = 1e-5;
const scale = 2.5;

type Bytes = Uint8Array<ArrayBuffer>;

class FakeBuffer {
  readonly bytes: Bytes;
  constructor(readonly size: number) {
    this.bytes = new Uint8Array(size);
  }
  mapAsync(): Promise<void> {
    return Promise.resolve();
  }
  getMappedRange(offset: number, length: number): ArrayBuffer {
    return this.bytes.slice(offset, offset + length).buffer;
  }
  unmap(): void {}
  destroy(): void {}
}

/** Bytes of a typed array. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Bytes {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

class FakeTensor {
  /** Address of the object in the heap. */
  readonly handle: number;
  constructor(
    private readonly world: World,
    readonly shape: readonly number[],
    readonly dtype: string,
    readonly dataPtr: number,
  ) {
    this.handle = world.writeTensor(this);
  }
  get count(): number {
    return this.shape.reduce((n, size) => n * size, 1);
  }
  view(shape: readonly number[]): FakeTensor {
    return new FakeTensor(this.world, shape, this.dtype, this.dataPtr);
  }
  copyFrom(data: ArrayLike<number>): FakeTensor {
    const typed = this.dtype === "int32" ? Int32Array.from(data) : Float32Array.from(data);
    return this.copyFromRawBytes(bytesOf(typed));
  }
  copyFromRawBytes(bytes: Bytes): FakeTensor {
    this.world.buffer(this.dataPtr).bytes.set(bytes);
    return this;
  }
  get values(): Float64Array {
    const { buffer } = this.world.buffer(this.dataPtr).bytes;
    if (this.dtype === "int32") return Float64Array.from(new Int32Array(buffer, 0, this.count));
    return this.dtype === "float16" ? Float64Array.from(new Uint16Array(buffer, 0, this.count), halfToNumber) : Float64Array.from(new Float32Array(buffer, 0, this.count));
  }
  set values(numbers: ArrayLike<number>) {
    this.copyFromRawBytes(bytesOf(this.dtype === "float16" ? Uint16Array.from(numbers, numberToHalf) : Float32Array.from(numbers)));
  }
  dispose(): void {}
}

interface FakeCache {
  /** Normed states so far, by layer; a layer whose kernel did not run lacks those of the pass. */
  readonly states: number[][][];
  /** Positions, those of a pass that has begun included, as in TVM's cache. */
  length: number;
  capacity: number;
  dispose(): void;
}

class World {
  readonly heap = new DataView(new ArrayBuffer(2 ** 22));
  private top = 1024;
  readonly table: (FakeBuffer | undefined)[] = [undefined];
  dispatch: (kernel: string, args: readonly (FakeTensor | number)[], run: () => void) => void = (_kernel, _args, run) => run();
  callback: ((self: number, args: number, count: number, ret: number) => number) | null = null;
  /** Names of kernels that ran. */
  readonly ran: string[] = [];

  alloc(bytes: number): number {
    const at = this.top;
    this.top += Math.ceil(bytes / 16) * 16;
    return at;
  }
  buffer(id: number): FakeBuffer {
    const found = this.table[id];
    if (!found) throw new Error(`fake: no buffer ${id}`);
    return found;
  }
  tensor(shape: readonly number[], dtype: string): FakeTensor {
    const bytes = shape.reduce((n, size) => n * size, 1) * (dtype === "float16" ? 2 : 4);
    return new FakeTensor(this, shape, dtype, this.table.push(new FakeBuffer(Math.max(4, bytes))) - 1);
  }
  /** An object header of 24 bytes, then a DLTensor. */
  writeTensor({ shape, dtype, dataPtr }: Pick<FakeTensor, "shape" | "dtype" | "dataPtr">): number {
    const { heap } = this;
    const at = this.alloc(24 + 40);
    const dimensions = this.alloc(8 * shape.length);
    shape.forEach((size, i) => heap.setInt32(dimensions + 8 * i, size, true));
    const dl = at + 24;
    heap.setUint32(dl, dataPtr, true);
    heap.setInt32(dl + 12, shape.length, true);
    heap.setUint8(dl + 16, dtype.startsWith("float") ? 2 : dtype.startsWith("uint") ? 1 : 0);
    heap.setUint8(dl + 17, Number(dtype.replace(/\D/g, "")));
    heap.setUint32(dl + 20, dimensions, true);
    heap.setBigUint64(dl + 32, 0n, true);
    return at;
  }
  /** Announces a kernel, runs it unless told not to, announces it again. */
  call(name: string, args: readonly (FakeTensor | number)[], run: () => void, silent = false): void {
    const { heap, callback } = this;
    const before = this.top;
    const ret = this.alloc(16);
    const text = this.alloc(name.length + 1);
    [...name].forEach((letter, i) => heap.setUint8(text + i, letter.charCodeAt(0)));
    heap.setUint8(text + name.length, 0);
    const list = this.alloc(16 * (4 + args.length));
    const any = (i: number, type: number, value: number): void => {
      heap.setInt32(list + 16 * i, type, true);
      heap.setUint32(list + 16 * i + 8, value, true);
    };
    const announce = (isBefore: boolean): boolean => {
      if (!callback || silent) return false;
      any(0, 68, 0);
      any(1, 8, text);
      any(2, 2, isBefore ? 1 : 0);
      any(3, 0, 0);
      args.forEach((arg, i) => (typeof arg === "number" ? any(4 + i, 1, arg) : any(4 + i, 70, arg.handle)));
      heap.setInt32(ret, 0, true);
      if (callback(0, list, 4 + args.length, ret) !== 0) throw new Error("fake: the callback failed");
      return heap.getInt32(ret, true) === 1 && heap.getInt32(ret + 8, true) === 1;
    };
    if (!announce(true)) {
      this.dispatch(name, args, () => {
        run();
        this.ran.push(name);
      });
      announce(false);
    }
    this.top = before;
  }
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function rmsNorm(x: readonly number[], weight: ArrayLike<number>): number[] {
  const mean = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  return x.map((value, i) => (value / Math.sqrt(mean + epsilon)) * (weight[i] ?? 0));
}

export interface FakeWebllm {
  readonly engine: MLCEngine;
  readonly modelId: string;
  readonly ran: string[];
  /** What the GPU is to say at the end of the next pass. */
  fail(error: unknown): void;
  /** Makes the next pass throw: before the cache knows of it, or in the midst of its layers. */
  break(message: string, where?: "before" | "within"): void;
  readonly pipeline: { filledKVCacheLength: number };
  readonly device: GPUDevice;
}

export function fakeWebllm(kind: FakeKind): FakeWebllm {
  const { layers, hiddenSize: d, vocabSize, contextLength, chunk } = sizes;
  const world = new World();
  const random = new Random(7);
  const weights = new Map<string, FakeTensor>();
  const weight = (name: string, ...shape: number[]): void => {
    const made = world.tensor(shape, kind.dtype);
    made.values = Float32Array.from({ length: made.count }, () => (shape.length === 1 ? 1 + 0.2 * random.normal() : 0.4 * random.normal()));
    weights.set(name, made);
  };
  weight("model.embed_tokens.weight", vocabSize, d);
  for (const layer of range(layers)) {
    weight(`model.layers.${layer}.mix.weight`, d, d);
    weight(`model.layers.${layer}.input_layernorm.weight`, d);
    if (kind.gemma) weight(`model.layers.${layer}.post_feedforward_layernorm.weight`, d);
  }
  weight("model.norm.weight", d);
  const get = (name: string): FakeTensor => weights.get(name)!;
  const table = get("model.embed_tokens.weight");

  const rowsOf = (tensor: FakeTensor, width: number): number[][] => range(tensor.count / width).map((i) => [...tensor.values.subarray(i * width, (i + 1) * width)]);
  const times = (matrix: FakeTensor, x: readonly number[]): number[] => rowsOf(matrix, x.length).map((row) => row.reduce((sum, value, i) => sum + value * (x[i] ?? 0), 0));
  const project = (x: FakeTensor, out: FakeTensor, matrix: FakeTensor): void => void (out.values = rowsOf(x, d).flatMap((row) => times(matrix, row)));
  /** Takes the state and gives each row's new one. */
  const each = (x: FakeTensor, out: FakeTensor, change: (row: number[], i: number) => number[]): void => void (out.values = rowsOf(x, d).flatMap(change));

  // A memory planner: five buffers of states, used again and again.
  const room = range(5).map(() => world.tensor([chunk, d], kind.dtype).dataPtr);
  const state = (slot: number, rows: number): FakeTensor => new FakeTensor(world, [1, rows, d], kind.dtype, room[slot]!);

  const pass = (input: FakeTensor, cache: FakeCache): { get(i: number): FakeTensor } => {
    const rows = input.shape[1]!;
    /** A buffer that holds none of these. */
    const free = (...held: readonly (FakeTensor | null)[]): FakeTensor => state(range(room.length).find((slot) => held.every((tensor) => tensor?.dataPtr !== room[slot]))!, rows);
    let x = input;
    world.call("vm.builtin.alloc_storage", [1], () => undefined);
    if (kind.gemma) {
      const scaled = free();
      world.call("multiply3", [input, scaled], () => each(input, scaled, (row) => row.map((value) => value * scale)));
      x = scaled;
    }
    /** What the last block gave and is not added yet: fused kernels add late. */
    let pending: FakeTensor | null = null;
    const norm = (name: string, silent = false): FakeTensor => {
      const w = get(name);
      const [old, add] = [x, pending];
      const out = free(old, add);
      if (add) {
        const sum = free(old, add, out);
        world.call("fuse_add_norm_prefill", [add, old, w, out, sum], () => {
          const added = rowsOf(add, d);
          each(old, sum, (row, i) => row.map((value, k) => value + added[i]![k]!));
          each(sum, out, (row) => rmsNorm(row, w.values));
        }, silent);
        [x, pending] = [sum, null];
      } else {
        world.call("rms_norm1", [old, w, out], () => each(old, out, (row) => rmsNorm(row, w.values)), silent);
      }
      return out;
    };
    for (const layer of range(layers)) {
      const at = `model.layers.${layer}`;
      const normed = norm(`${at}.input_layernorm.weight`, layer === kind.silentLayer && rows > 4);
      const old = x;
      const mean = free(old, normed);
      world.call("vm.builtin.attention_kv_cache_attention_with_fused_qkv", [0, layer, normed, mean], () => {
        const kept = cache.states[layer]!;
        each(normed, mean, (row, i) => {
          const position = cache.length - rows + i;
          kept[position] = row;
          return row.map((_, k) => kept.slice(0, position + 1).reduce((sum, other) => sum + other[k]!, 0) / (position + 1));
        });
      });
      if (layer === 1) breakAt("within");
      const mix = get(`${at}.mix.weight`);
      const out = free(old, mean);
      if (kind.fused) {
        world.call("NT_matmul8", [mean, mix, out], () => project(mean, out, mix));
        pending = out;
        continue;
      }
      const before = (): number[][] => rowsOf(old, d);
      if (kind.gemma) {
        const post = get(`${at}.post_feedforward_layernorm.weight`);
        const mixed = free(old, mean, out);
        world.call("NT_matmul8", [mean, mix, mixed], () => project(mean, mixed, mix));
        world.call("fused_rms_norm1_add1", [mixed, post, old, out], () => {
          const residual = before();
          each(mixed, out, (row, i) => rmsNorm(row, post.values).map((value, k) => residual[i]![k]! + value));
        });
      } else {
        world.call("fused_NT_matmul8_add1", [mean, mix, old, out], () => {
          const residual = before();
          each(mean, out, (row, i) => times(mix, row).map((value, k) => residual[i]![k]! + value));
        });
      }
      x = out;
    }
    const c = norm("model.norm.weight");
    let hidden = c;
    if (rows > 1) {
      const all = c;
      const lastRow = new FakeTensor(world, [1, 1, d], kind.dtype, free(c).dataPtr);
      world.call("index", [all, lastRow], () => void (lastRow.values = rowsOf(all, d).at(-1)!));
      hidden = lastRow;
    }
    const logits = world.tensor([1, 1, vocabSize], "float32");
    world.call("NT_matmul14", [hidden, table, logits], () => project(hidden, logits, table));
    return { get: () => logits };
  };

  const newCache = (capacity: number): FakeCache => ({ states: range(layers).map(() => []), length: 0, capacity, dispose: () => undefined });
  const forget = (cache: FakeCache, length: number): void => {
    cache.length = length;
    cache.states.forEach((kept) => kept.splice(length));
  };
  const clear = (cache: FakeCache): void => forget(cache, 0);
  const shape = (tuple: { shape: readonly number[] }): number => tuple.shape[0]!;
  const packed = <T extends (...args: never[]) => unknown>(call: T): T & { dispose(): void } => Object.assign(call, { dispose: () => undefined });
  const breaks: Record<"before" | "within", string | null> = { before: null, within: null };
  const breakAt = (where: "before" | "within"): void => {
    const message = breaks[where];
    breaks[where] = null;
    if (message !== null) throw new Error(message);
  };
  const functions = new Map<string, unknown>([
    ["_metadata", packed(() => JSON.stringify({ params: [...weights.keys()].map((name) => ({ name })) }))],
    ["create_tir_paged_kv_cache", packed((_sequences: unknown, capacity: { shape: readonly number[] }) => newCache(shape(capacity)))],
  ]);
  if (kind.announces) functions.set("set_instrument", packed((callback: { raw: World["callback"] }) => void (world.callback = callback.raw)));
  if (kind.givesLogits) {
    functions.set("get_logits", packed((hidden: FakeTensor) => {
      const logits = world.tensor([hidden.shape[0]!, vocabSize], "float32");
      world.call("NT_matmul15", [hidden, table, logits], () => project(hidden, logits, table));
      return logits;
    }));
  }

  let failure: unknown = null;
  const context = {
    device: {
      limits: { maxBufferSize: 2 ** 28 },
      createBuffer: ({ size }: { size: number }) => new FakeBuffer(size),
      createBindGroupLayout: (descriptor: unknown) => ({ descriptor }),
      createBindGroup: (descriptor: unknown) => ({ descriptor }),
      createComputePipeline: (descriptor: { compute: { entryPoint: string; run: () => void } }) => descriptor.compute,
      createComputePipelineAsync: () => Promise.reject(new Error("fake: not used")),
      createCommandEncoder: () => ({
        beginComputePass: () => {
          let current: { run: () => void } | null = null;
          return { setPipeline: (given: { run: () => void }) => void (current = given), setBindGroup: () => undefined, dispatchWorkgroups: () => current?.run(), end: () => undefined };
        },
        copyBufferToBuffer: (from: FakeBuffer, fromOffset: number, to: FakeBuffer, toOffset: number, bytes: number) => to.bytes.set(from.bytes.subarray(fromOffset, fromOffset + bytes), toOffset),
        finish: () => null,
      }),
      queue: { submit: () => undefined, writeBuffer: (to: FakeBuffer, offset: number, data: ArrayBufferView<ArrayBuffer>) => to.bytes.set(bytesOf(data), offset) },
      pushErrorScope: () => undefined,
      popErrorScope: () => {
        const said = failure;
        failure = null;
        return Promise.resolve(said);
      },
    },
    bufferTable: world.table,
    bufferTableFreeId: [],
    attachToBufferTable: (buffer: FakeBuffer) => world.table.push(buffer) - 1,
    deviceCopyWithinGPU: (from: number, fromOffset: number, to: number, toOffset: number, bytes: number) => {
      const [source, target] = [world.buffer(from), world.buffer(to)];
      if (from === to || fromOffset + bytes > source.size || toOffset + bytes > target.size) throw new Error("fake: a copy out of bounds");
      target.bytes.set(source.bytes.subarray(fromOffset, fromOffset + bytes), toOffset);
    },
    flushCommands: () => undefined,
  };
  // Kernels go through the GPU's own objects, as WebLLM's do; TVM's own calls are none.
  world.dispatch = (kernel, args, run) => {
    const { device } = context as unknown as { device: GPUDevice };
    const tensors = args.filter((arg) => typeof arg !== "number");
    if (tensors.length === 0) return run();
    const written = kernel.startsWith("fuse_add") ? 2 : 1;
    const layout = device.createBindGroupLayout({ entries: tensors.map((_, binding) => ({ binding, visibility: 4, buffer: { type: binding < tensors.length - written ? "read-only-storage" : "storage" } })) });
    const group = device.createBindGroup({ layout, entries: tensors.map(({ dataPtr }, binding) => ({ binding, resource: { buffer: world.buffer(dataPtr) as unknown as GPUBuffer } })) });
    const shader = device.createComputePipeline({ layout: "auto", compute: { entryPoint: kernel, run } as unknown as GPUProgrammableStage });
    const compute = device.createCommandEncoder().beginComputePass();
    compute.setPipeline(shader);
    compute.setBindGroup(0, group);
    compute.dispatchWorkgroups(1);
    compute.end();
  };
  const { heap } = world;
  const tvm = {
    lib: {
      memory: {
        memory: heap,
        loadU8: (at: number) => heap.getUint8(at),
        loadI32: (at: number) => heap.getInt32(at & ~3, true),
        loadPointer: (at: number) => heap.getUint32(at & ~3, true),
        loadCString: (at: number) => {
          let text = "";
          for (let i = at; heap.getUint8(i) !== 0; i++) text += String.fromCharCode(heap.getUint8(i));
          return text;
        },
        loadSmallStr: () => "",
        loadByteArrayAsString: () => "",
        storeRawBytes: (at: number, bytes: Uint8Array) => bytes.forEach((byte, i) => heap.setUint8(at + i, byte)),
      },
      webGPUContext: context,
    },
    beginScope: () => undefined,
    endScope: () => undefined,
    detachFromCurrentScope: <T>(object: T): T => object,
    empty: (dimensions: readonly number[], dtype: string) => world.tensor(dimensions, dtype),
    makeShapeTuple: (dimensions: readonly number[]) => ({ shape: dimensions, dispose: () => undefined }),
    scalar: (value: number) => value,
    getGlobalFunc: (name: string) => {
      if (name !== "vm.builtin.kv_state_popn") throw new Error(`fake: no ${name}`);
      return packed((cache: FakeCache, _sequence: number, n: number) => {
        if (n > cache.length) throw new Error("fake: more positions to forget than there are");
        forget(cache, cache.length - n);
      });
    },
    createPackedFuncFromSafeCallType: (raw: World["callback"]) => Object.assign(() => undefined, { raw, dispose: () => undefined }),
  };
  const cache = newCache(contextLength);
  const pipeline = {
    tvm,
    vm: { getFunction: (name: string) => functions.get(name) },
    device: {},
    params: { get: (i: number) => [...weights.values()][i]! },
    kvCache: cache,
    embed: packed((ids: FakeTensor) => {
      const out = world.tensor([ids.count, d], kind.dtype);
      const all = rowsOf(table, d);
      out.values = [...ids.values].flatMap((id) => all[id]!);
      return out;
    }),
    prefill: packed(pass),
    decoding: packed(pass),
    fclearKVCaches: packed(clear),
    fKVCacheAddSequence: packed(() => undefined),
    fKVCacheBeginForward: packed((used: FakeCache, _ids: unknown, rows: { shape: readonly number[] }) => {
      breakAt("before");
      if (used.length + shape(rows) > used.capacity) throw new Error("fake: the KV cache is full");
      used.length += shape(rows);
    }),
    fKVCacheEndForward: packed(() => undefined),
    prefillChunkSize: chunk,
    contextWindowSize: contextLength,
    resolvedModelABI: { prefillABI: "single", decodeABI: "single", needsRNNState: false },
    filledKVCacheLength: 0,
    resetKVCache: () => clear(cache),
    resetChat: () => {
      clear(cache);
      pipeline.filledKVCacheLength = 0;
    },
  };
  const modelId = "fake";
  const engine = { loadedModelIdToPipeline: new Map([[modelId, pipeline]]), unload: () => Promise.resolve() } as unknown as MLCEngine;
  return { engine, modelId, ran: world.ran, pipeline, device: context.device as unknown as GPUDevice, fail: (error) => void (failure = error), break: (message, where = "before") => void (breaks[where] = message) };
}
