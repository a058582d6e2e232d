/**
 * onnxruntime-web, set up before its first session. It latches its WebAssembly
 * binary and its threads then, so a worker stays with one device.
 *
 * Which binary: the plain one for wasm, since it alone has 4-bit embedding
 * lookups; for WebGPU the one that suspends through JSPI where the browser can,
 * which is 16 MB in place of the 26 MB of the one that does without.
 */
import { env as transformersEnv, LogLevel } from "@huggingface/transformers";
import * as ort from "onnxruntime-web/webgpu";
import { AbortError, EngineError, EngineLostError, type ModelRequest } from "../engine.ts";
import { graphInput, graphOutput, node } from "./onnx/write.ts";
import { concatenateBytes, integer, message, string } from "./onnx/protobuf.ts";

export { ort };

/** Below this many parameters a step is too short for threads to pay. */
const smallModel = 50e6;

/** Bytes per parameter of each export, to tell parameters from a file's size. */
const bytesPerParameter: Readonly<Record<string, number>> = { fp32: 4, fp16: 2, q8: 1, q4: 0.6, q4f16: 0.6 };

/** How many threads a model of this size is worth; more than one needs a cross-origin isolated page. */
export function threadsFor(bytes: number, dtype: string): number {
  const isolated = globalThis.crossOriginIsolated === true;
  if (!isolated || bytes / (bytesPerParameter[dtype] ?? 1) < smallModel) return 1;
  return Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 1);
}

let started: { readonly device: ModelRequest["device"]; readonly done: Promise<void> } | null = null;

/**
 * Starts the runtime, so that its binary is fetched and compiled while the
 * model is still on its way. It starts once: later calls wait for the first.
 *
 * @param files  URL of the folder that holds ort-wasm-simd-threaded*.{mjs,wasm}
 */
export function startRuntime(device: ModelRequest["device"], files: string, threads: number): Promise<void> {
  started ??= { device, done: start(device, files, threads) };
  if (started.device === device) return started.done;
  return Promise.reject(new EngineError(`onnxruntime: expected ${started.device}, with which this worker started, got ${device}; connect to a new worker`));
}

async function start(device: ModelRequest["device"], files: string, threads: number): Promise<void> {
  const binary = device === "wasm" ? "" : "Suspending" in WebAssembly ? ".jspi" : ".asyncify";
  const name = `${files}ort-wasm-simd-threaded${binary}`;
  ort.env.wasm.wasmPaths = { mjs: `${name}.mjs`, wasm: `${name}.wasm` };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  transformersEnv.logLevel = LogLevel.ERROR;
  transformersEnv.useWasmCache = false;
  transformersEnv.useBrowserCache = false;
  transformersEnv.useFSCache = false;
  transformersEnv.allowLocalModels = false;
  try {
    const session = await ort.InferenceSession.create(oneNode(), { executionProviders: [device] });
    await session.release();
  } catch (error) {
    throw new EngineError(`onnxruntime: expected to start from ${name}.wasm, got "${reason(error)}"; reload the page${device === "webgpu" ? " or choose wasm" : ""}`);
  }
}

/** The smallest model there is, an Identity; creating it starts the runtime. */
function oneNode(): Uint8Array {
  const graph = [node("Identity", ["x"], ["y"]), string(2, "start"), graphInput("x", 1, [1]), graphOutput("y")];
  return concatenateBytes([integer(1, 8), message(8, string(1, ""), integer(2, 17)), message(7, ...graph)]);
}

export interface Adapter {
  /** Vendor and architecture, for the record. */
  readonly name: string;
  readonly shaderF16: boolean;
}

/** The GPU that WebGPU offers. */
export async function webgpuAdapter(): Promise<Adapter> {
  const gpu = globalThis.navigator?.gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) throw new EngineError(`webgpu: expected a GPU, got ${gpu ? "no adapter from the browser" : "a browser without WebGPU"}; choose wasm`);
  const { vendor, architecture, description } = adapter.info;
  return { name: [vendor, architecture, description].filter(Boolean).join(" ") || "unknown", shaderF16: adapter.features.has("shader-f16") };
}

/** Calls back if the GPU that the runtime works on is taken away. */
export async function watchDevice(lost: (why: string) => void): Promise<void> {
  const device = await (ort.env.webgpu as { device?: Promise<GPUDevice | undefined> | GPUDevice }).device;
  void device?.lost.then((info) => lost(info.message || info.reason));
}

/** What to say of an error that the runtime threw. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : typeof error === "string" ? error : typeof error === "number" ? `code ${error}` : "no reason given";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** An engine's own errors as they are, all others as what the runtime said. */
export function asEngineError(where: string, error: unknown): Error {
  if (error instanceof EngineError || error instanceof AbortError) return error;
  const text = reason(error);
  if (/memory|bad_alloc|allocation/i.test(text)) return new EngineLostError(`${where}: expected room for the model, got "${text}"; close other pages or choose a smaller model`);
  return new EngineError(`${where}: expected onnxruntime to run, got "${text}"; choose another export or device`);
}
