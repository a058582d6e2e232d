/**
 * Runs kernels in a browser's WebGPU without WebLLM around them, bound and
 * launched the way its `createShader` does it.
 *
 *   const gpu = await openGpu(page, home);
 *   const { out } = await gpu.run({ x, weight, out: empty(n * d) }, [
 *     { kernel: "rms_norm", scalars: { n, d } },           // each binding takes the buffer of its name
 *   ], ["out"]);
 */
import type { Page } from "@playwright/test";
import { functionInformation, libraryKernels, type Kernel } from "../../tools/model-library/glue.ts";
import { gridOf, type Scalars } from "./grid.ts";

// TypeScript's DOM library knows WebGPU's interfaces, not its constants.
declare const GPUBufferUsage: { readonly MAP_READ: number; readonly COPY_SRC: number; readonly COPY_DST: number; readonly UNIFORM: number; readonly STORAGE: number };
declare const GPUShaderStage: { readonly COMPUTE: number };
declare const GPUMapMode: { readonly READ: number };

export type Numbers = Float32Array | Int32Array | Uint32Array;

export interface Launch {
  /** One of the library's by name, or any other. */
  readonly kernel: string | Kernel;
  readonly scalars: Scalars;
  /** Buffers by binding, where their names differ. */
  readonly with?: Readonly<Record<string, string>>;
}

export interface Model {
  readonly headDim: number;
  readonly epsilon: number;
  /** Any type of WGSL; only float32 and float16 make sense to run. */
  readonly elem?: string;
}

export interface Gpu {
  /** Puts the buffers on the device, launches, and reads back those named. @throws on a message of the compiler or the device */
  run(buffers: Readonly<Record<string, Numbers>>, launches: readonly Launch[], read: readonly string[], model?: Model): Promise<Record<string, Float32Array | Int32Array>>;
  /** The compiler's messages about a shader, as lines. */
  compile(code: string): Promise<string[]>;
}

/** A launch as it crosses into a page: plain data. */
export interface Step {
  readonly code: string;
  readonly entry: string;
  readonly buffers: readonly { readonly name: string; readonly writes: boolean }[];
  readonly words: readonly number[];
  readonly grid: readonly [number, number];
}

export const kernels: ReadonlyMap<string, Kernel> = new Map(libraryKernels().map((kernel) => [kernel.name, kernel]));

export function prelude({ headDim, epsilon, elem = "f32" }: Model): string {
  const bits = new Uint32Array(Float32Array.of(epsilon).buffer)[0];
  return `alias Elem=${elem};alias Elem4=vec4<${elem}>;const HEAD_DIM:u32=${headDim}u;const EPS:f32=bitcast<f32>(${bits}u);\n`;
}

export const empty = (length: number): Float32Array => new Float32Array(length).fill(Number.NaN);
export const emptyIndex = (length: number): Int32Array => new Int32Array(length).fill(-1);

/** The uniform as WebLLM fills it: scalars in order, then the grid's x. */
export function uniformWords(kernel: Kernel, scalars: Scalars): number[] {
  const words = new Int32Array(kernel.scalars.length + 1);
  const floats = new Float32Array(words.buffer);
  kernel.scalars.forEach(({ name, type }, i) => {
    const value = scalars[name];
    if (value === undefined) throw new RangeError(`${kernel.name}: expected a scalar ${name}, got none`);
    if (type === "f32") floats[i] = value;
    else words[i] = value;
  });
  words[kernel.scalars.length] = gridOf(kernel, scalars)[0];
  return [...words];
}

export function stepOf({ kernel: named, scalars, with: names = {} }: Launch, model: Model): Step {
  const kernel = typeof named === "string" ? kernels.get(named) : named;
  if (kernel === undefined) throw new RangeError(`kernels: expected the name of a kernel, got ${JSON.stringify(named)}`);
  const { name: entry, launch_param_tags: tags } = functionInformation(kernel);
  const access = JSON.parse(tags.find((tag) => tag.startsWith("paramWriteAccess:"))?.slice("paramWriteAccess:".length) ?? "[]") as number[];
  const buffers = kernel.bindings.map((binding, i) => ({ name: names[binding.name] ?? binding.name, writes: access[i] === 1 }));
  return { code: prelude(model) + kernel.code, entry, buffers, words: uniformWords(kernel, scalars), grid: gridOf(kernel, scalars) };
}

const toBase64 = (numbers: Numbers): string => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");

/** A blank page of our own origin, where WebGPU is allowed, without the app. */
export async function openBlank(page: Page, home: string): Promise<void> {
  const url = new URL("blank", home).href;
  await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>kernels</title><link rel=icon href=data:,>" }));
  await page.goto(url);
}

export async function openGpu(page: Page, home: string): Promise<Gpu> {
  await openBlank(page, home);
  return {
    async run(buffers, launches, read, model = { headDim: 64, epsilon: 1e-5 }) {
      const job = {
        buffers: Object.entries(buffers).map(([name, numbers]) => ({ name, bytes: toBase64(numbers) })),
        steps: launches.map((launch) => stepOf(launch, model)),
        read: [...read],
      };
      const results = await page.evaluate(runInPage, job);
      return Object.fromEntries(
        read.map((name, i) => {
          const bytes = Uint8Array.from(Buffer.from(results[i] ?? "", "base64"));
          const length = buffers[name]?.length;
          return [name, buffers[name] instanceof Float32Array ? new Float32Array(bytes.buffer, 0, length) : new Int32Array(bytes.buffer, 0, length)];
        }),
      );
    },
    compile: (code) => page.evaluate(compileInPage, code),
  };
}

/** Runs in the page: knows nothing of this module. */
async function compileInPage(code: string): Promise<string[]> {
  const device = await (await navigator.gpu.requestAdapter())?.requestDevice();
  if (device === undefined) throw new Error("kernels: expected a WebGPU adapter, got none");
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  device.destroy();
  return messages.map(({ type, lineNum, linePos, message }) => `${type} ${lineNum}:${linePos} ${message}`);
}

/** Runs in the page: knows nothing of this module. */
async function runInPage(job: { buffers: { name: string; bytes: string }[]; steps: Step[]; read: string[] }): Promise<string[]> {
  const holder = globalThis as unknown as { kernelsDevice?: Promise<GPUDevice>; kernelsPipelines?: Map<string, GPUComputePipeline> };
  holder.kernelsDevice ??= navigator.gpu.requestAdapter().then((adapter) => {
    if (adapter === null) throw new Error("kernels: expected a WebGPU adapter, got none");
    // As WebLLM asks for it.
    return adapter.requestDevice({ requiredLimits: { maxStorageBuffersPerShaderStage: 10, maxComputeWorkgroupStorageSize: 32768, maxComputeInvocationsPerWorkgroup: 256 } });
  });
  holder.kernelsPipelines ??= new Map();
  const device = await holder.kernelsDevice;
  const pipelines = holder.kernelsPipelines;
  device.pushErrorScope("validation");
  const buffers = new Map(
    job.buffers.map(({ name, bytes }) => {
      const data = Uint8Array.from(atob(bytes), (c) => c.codePointAt(0) ?? 0);
      const buffer = device.createBuffer({ size: Math.max(16, Math.ceil(data.length / 16) * 16), usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
      device.queue.writeBuffer(buffer, 0, data);
      return [name, buffer];
    }),
  );
  const find = (name: string): GPUBuffer => {
    const buffer = buffers.get(name);
    if (buffer === undefined) throw new Error(`kernels: expected a buffer ${name}, got none`);
    return buffer;
  };
  for (const { code, entry, buffers: bound, words, grid } of job.steps) {
    let pipeline = pipelines.get(code);
    if (pipeline === undefined) {
      const entries = [...bound.map(({ writes }) => (writes ? "storage" : "read-only-storage") as GPUBufferBindingType), "uniform" as const].map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }));
      const layout = device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
      const module = device.createShaderModule({ code });
      const { messages } = await module.getCompilationInfo();
      const [message] = messages;
      if (message !== undefined) throw new Error(`${entry}: ${message.type} ${message.message} in «${code.slice(Math.max(0, message.offset - 60), message.offset + 60)}»`);
      pipeline = device.createComputePipeline({ layout, compute: { module, entryPoint: entry } });
      pipelines.set(code, pipeline);
    }
    const uniform = device.createBuffer({ size: words.length * 4, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(uniform, 0, Int32Array.from(words));
    const entries = [...bound.map(({ name }) => find(name)), uniform].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    compute.setPipeline(pipeline);
    compute.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    compute.dispatchWorkgroups(...grid);
    compute.end();
    device.queue.submit([encoder.finish()]);
  }
  const results: string[] = [];
  for (const name of job.read) {
    const from = find(name);
    const to = device.createBuffer({ size: from.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, to, 0, from.size);
    device.queue.submit([encoder.finish()]);
    await to.mapAsync(GPUMapMode.READ);
    const bytes = new Uint8Array(to.getMappedRange());
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCodePoint(...bytes.subarray(i, i + 8192));
    results.push(btoa(text));
    to.destroy();
  }
  for (const buffer of buffers.values()) buffer.destroy();
  const error = await device.popErrorScope();
  if (error !== null) throw new Error(`kernels: ${error.message}`);
  return results;
}
