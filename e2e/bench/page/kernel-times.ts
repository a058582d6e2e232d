/** Times lists of launches against each other in a browser's WebGPU, one compute pass for each launch, as WebLLM makes them. */
import type { Step } from "../../kernels/gpu.ts";

// TypeScript's DOM library knows WebGPU's interfaces, not its constants.
declare const GPUBufferUsage: { readonly COPY_DST: number; readonly UNIFORM: number; readonly STORAGE: number };
declare const GPUShaderStage: { readonly COMPUTE: number };

/** Numbers in each buffer, by name. */
export type BufferSizes = readonly (readonly [string, number])[];

interface Prepared {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number];
}

/** Small numbers of both signs, the same in each run; integer ids are among them as zeros. */
function fill(length: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(Math.ceil(length / 4) * 4);
  let state = length;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 36;
  }
  return values;
}

/**
 * Milliseconds from submission to completion of each list in each round, after
 * two rounds of warm-up; each round takes the lists in another order.
 *
 * @returns [lists][rounds]
 */
export async function kernelTimes(lists: readonly (readonly Step[])[], sizes: BufferSizes, rounds: number): Promise<number[][]> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error("bench: expected a WebGPU adapter, got none");
  const device = await adapter.requestDevice({ requiredLimits: { maxStorageBuffersPerShaderStage: 10, maxComputeWorkgroupStorageSize: 32768, maxComputeInvocationsPerWorkgroup: 256 } });
  device.pushErrorScope("validation");
  const buffers = new Map(
    sizes.map(([name, length]) => {
      const values = name === "ids" ? new Float32Array(Math.ceil(length / 4) * 4) : fill(length);
      const buffer = device.createBuffer({ size: values.byteLength, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
      device.queue.writeBuffer(buffer, 0, values);
      return [name, buffer];
    }),
  );
  const pipelines = new Map<string, GPUComputePipeline>();
  const prepare = ({ code, entry, buffers: bound, words, grid }: Step): Prepared => {
    let pipeline = pipelines.get(code);
    if (pipeline === undefined) {
      const types: GPUBufferBindingType[] = [...bound.map(({ writes }) => (writes ? "storage" : "read-only-storage") as GPUBufferBindingType), "uniform"];
      const entries = types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }));
      const layout = device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
      pipeline = device.createComputePipeline({ layout, compute: { module: device.createShaderModule({ code }), entryPoint: entry } });
      pipelines.set(code, pipeline);
    }
    const uniform = device.createBuffer({ size: words.length * 4, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(uniform, 0, Int32Array.from(words));
    const resources = [...bound.map(({ name }) => buffers.get(name)), uniform];
    const entries = resources.map((buffer, binding) => {
      if (buffer === undefined) throw new Error(`bench: expected a buffer for binding ${binding} of ${entry}, got none`);
      return { binding, resource: { buffer } };
    });
    return { pipeline, group: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }), grid };
  };
  const prepared = lists.map((steps) => steps.map(prepare));
  const error = await device.popErrorScope();
  if (error !== null) throw new Error(`bench: ${error.message}`);

  const time = async (steps: readonly Prepared[]): Promise<number> => {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    for (const { pipeline, group, grid } of steps) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...grid);
      pass.end();
    }
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  const times: number[][] = prepared.map(() => []);
  const warmUp = 2;
  for (let round = 0; round < warmUp + rounds; round++) {
    for (let i = 0; i < prepared.length; i++) {
      const which = (i + round) % prepared.length;
      const taken = await time(prepared[which] ?? []);
      if (round >= warmUp) times[which]?.push(taken);
    }
  }
  device.destroy();
  return times;
}
