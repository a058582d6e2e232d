/**
 * What the bench does inside a browser: the app's own engine in its own
 * worker, without the app around it. Node calls these functions by
 * `page.evaluate`, so they take and give plain data.
 */
import * as Comlink from "comlink";
import type { Tensor } from "../../../probes/tensor.ts";
import { connect, type EngineHandle } from "../../../workers/connect.ts";
import type { FrontierRequest } from "../../../workers/decoding/frontier.ts";
import type { AccuracyRequest, ModelRequest, RunRequest } from "../../../workers/engine.ts";
import type { Step } from "../../kernels/gpu.ts";
import { dropRuns, keepRuns, type MeasureTimes, measureTimes } from "./closely.ts";
import { type BufferSizes, kernelTimes } from "./kernel-times.ts";
import type { StepTimes } from "./overhead.worker.ts";
import type { Steps, ToysWorker, ToyWork } from "./toys.worker.ts";
import type { CallbackTimes } from "./webllm-callback.worker.ts";
import type { WebllmStepTimes } from "./webllm-overhead.worker.ts";

/** Engine and device of each export of the embedded model. */
const exports = {
  fp32: ["transformers", "wasm"],
  q4: ["transformers", "wasm"],
  q0f32: ["webllm", "webgpu"],
  q4f32_1: ["webllm", "webgpu"],
} as const;
export type Dtype = keyof typeof exports;

/** A tensor as Playwright carries it. */
export interface PlainTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface Bench {
  /** Right answers, per cell of the request. */
  accuracy(dtype: Dtype, request: AccuracyRequest): Promise<number[]>;
  /** Hidden states of a run, `residPost` and `finalNorm` as in `Activation`. */
  hiddenStates(dtype: Dtype, request: RunRequest): Promise<{ residPost: PlainTensor; finalNorm: PlainTensor }>;
  /** Mean mass of each thought of `nano` on the letters of its level. */
  frontier(request: FrontierRequest): Promise<number[]>;
  /** Decode steps of `nano`, or of the model in the folder that the page's file field holds. */
  stepTimes(source: "embedded" | "folder", rounds: number): Promise<StepTimes>;
  /** All measures of a made-up run, in the probe worker. */
  measureTimes(steps: number, layers: number, hiddenSize: number, rounds: number): Promise<MeasureTimes>;
  /** Runs that stay in the page's memory, and what was said of them before. */
  keepRuns(source: "embedded" | "folder", requests: readonly RunRequest[]): Promise<{ stated: number; steps: number }>;
  dropRuns(): void;
  /** Decode steps of `nano` on WebLLM. */
  webllmStepTimes(rounds: number): Promise<WebllmStepTimes>;
  /** Decode steps on WebLLM of the MLC folder that the page's file field holds, without the GPU's work. */
  webllmCallbackTimes(rounds: number): Promise<CallbackTimes>;
  /** Milliseconds of lists of kernel launches, [lists][rounds]. */
  kernelTimes(lists: readonly (readonly Step[])[], sizes: BufferSizes, rounds: number): Promise<number[][]>;
  /** A toy in a worker of its own, not yet compiled: what it will work on. */
  openToy(toy: string, rate: number): Promise<ToyWork>;
  /** So many training steps of the toy that is open. */
  toySteps(count: number): Promise<Steps>;
}

declare global {
  // A property of globalThis has to be declared by `var`.
  var bench: Bench;
}

const nano = (dtype: Dtype): ModelRequest => ({ source: "embedded", id: "geodesic/nano", device: exports[dtype][1], dtype });
let toys: Comlink.Remote<ToysWorker> | null = null;
const engines = new Map<Dtype, Promise<EngineHandle>>();

/** One worker for each export, kept. */
function engine(dtype: Dtype): Promise<EngineHandle> {
  const started = engines.get(dtype) ?? start(dtype);
  engines.set(dtype, started);
  return started;
}

async function start(dtype: Dtype): Promise<EngineHandle> {
  const handle = connect(exports[dtype][0]);
  await handle.load(nano(dtype), () => undefined);
  return handle;
}

const plain = ({ shape, data }: Tensor): PlainTensor => ({ shape, data: [...data] });

/** The files that the test put into the field, as if the folder had been dropped. */
function folder(engine: "fp32" | "q0f32"): ModelRequest {
  const field = document.querySelector<HTMLInputElement>("#folder");
  const files = new Map([...(field?.files ?? [])].map((file) => [file.webkitRelativePath, file]));
  return { source: "folder", id: "random", dtype: engine, device: exports[engine][1], files };
}

globalThis.bench = {
  kernelTimes,
  measureTimes,
  keepRuns: (source, requests) => keepRuns(source === "folder" ? folder("fp32") : nano("fp32"), requests),
  dropRuns,

  openToy(toy, rate) {
    toys = Comlink.wrap<ToysWorker>(new Worker(new URL("./toys.worker.ts", import.meta.url), { type: "module" }));
    return toys.open(toy, rate);
  },

  toySteps(count) {
    if (!toys) throw new Error("bench: expected an open toy, got none; call openToy first");
    return toys.steps(count);
  },

  async accuracy(dtype, request) {
    const counts = await (await engine(dtype)).accuracy(request, () => undefined);
    return counts.map(({ correct }) => correct);
  },

  async hiddenStates(dtype, request) {
    const { activations } = await (await engine(dtype)).run(request, () => undefined);
    return { residPost: plain(activations.residPost), finalNorm: plain(activations.finalNorm) };
  },

  async frontier(request) {
    const worker = new Worker(new URL("./frontier.worker.ts", import.meta.url), { type: "module" });
    const { measure } = Comlink.wrap<{ measure(request: FrontierRequest, base: string): Promise<number[]> }>(worker);
    try {
      return await measure(request, document.baseURI);
    } finally {
      worker.terminate();
    }
  },

  async stepTimes(source, rounds) {
    const worker = new Worker(new URL("./overhead.worker.ts", import.meta.url), { type: "module" });
    const { measure } = Comlink.wrap<{ measure(model: ModelRequest, base: string, rounds: number): Promise<StepTimes> }>(worker);
    try {
      return await measure(source === "folder" ? folder("fp32") : nano("fp32"), document.baseURI, rounds);
    } finally {
      worker.terminate();
    }
  },

  async webllmStepTimes(rounds) {
    const worker = new Worker(new URL("./webllm-overhead.worker.ts", import.meta.url), { type: "module" });
    const { measure } = Comlink.wrap<{ measure(model: ModelRequest, base: string, rounds: number): Promise<WebllmStepTimes> }>(worker);
    try {
      return await measure(nano("q0f32"), document.baseURI, rounds);
    } finally {
      worker.terminate();
    }
  },

  async webllmCallbackTimes(rounds) {
    const worker = new Worker(new URL("./webllm-callback.worker.ts", import.meta.url), { type: "module" });
    const { measure } = Comlink.wrap<{ measure(model: ModelRequest, base: string, rounds: number): Promise<CallbackTimes> }>(worker);
    try {
      return await measure(folder("q0f32"), document.baseURI, rounds);
    } finally {
      worker.terminate();
    }
  },
};
document.documentElement.dataset["ready"] = "";
