/**
 * Sees every dispatch of a GPU device, through WebGPU's own objects: which
 * buffers it is bound to, and which of them it may write. A listener can record
 * copies before and after a dispatch, and leave it out.
 *
 * Must be put on a device before it is used. While nobody listens, a call of
 * `createBindGroup` costs one comparison more than without.
 */

export interface Binding {
  readonly buffer: GPUBuffer;
  /** Bytes from the buffer's start. */
  readonly offset: number;
  readonly writable: boolean;
}

export interface Dispatch {
  /** Entry point of the shader. */
  readonly kernel: string;
  /** Storage buffers, in the order of their bindings. */
  readonly bindings: readonly Binding[];
  /** Takes the copies that go before or after this dispatch. */
  readonly encoder: GPUCommandEncoder;
}

export interface DispatchListener {
  /** @returns whether the dispatch is to be left out */
  before(dispatch: Dispatch): boolean;
  after(dispatch: Dispatch): void;
}

export class GpuHooks {
  /** Set it only between submissions: encoders that are open already are not seen. */
  listener: DispatchListener | null = null;
  private readonly types = new WeakMap<GPUBindGroupLayout, readonly (GPUBufferBindingType | undefined)[]>();
  private readonly bound = new WeakMap<GPUBindGroup, readonly Binding[]>();
  private readonly names = new WeakMap<GPUComputePipeline, string>();

  constructor(device: GPUDevice) {
    const { types, bound, names } = this;
    const original = {
      layout: device.createBindGroupLayout.bind(device),
      group: device.createBindGroup.bind(device),
      encoder: device.createCommandEncoder.bind(device),
      pipeline: device.createComputePipeline.bind(device),
      pipelineAsync: device.createComputePipelineAsync.bind(device),
    };
    device.createBindGroupLayout = (descriptor) => {
      const layout = original.layout(descriptor);
      const byBinding: (GPUBufferBindingType | undefined)[] = [];
      for (const { binding, buffer } of descriptor.entries) byBinding[binding] = buffer && (buffer.type ?? "uniform");
      types.set(layout, byBinding);
      return layout;
    };
    device.createBindGroup = (descriptor) => {
      const group = original.group(descriptor);
      if (this.listener) bound.set(group, this.bindings(descriptor));
      return group;
    };
    device.createComputePipeline = (descriptor) => {
      const pipeline = original.pipeline(descriptor);
      names.set(pipeline, descriptor.compute.entryPoint ?? "");
      return pipeline;
    };
    device.createComputePipelineAsync = async (descriptor) => {
      const pipeline = await original.pipelineAsync(descriptor);
      names.set(pipeline, descriptor.compute.entryPoint ?? "");
      return pipeline;
    };
    device.createCommandEncoder = (descriptor) => {
      const encoder = original.encoder(descriptor);
      if (this.listener) this.hook(encoder);
      return encoder;
    };
  }

  private bindings({ layout, entries }: GPUBindGroupDescriptor): Binding[] {
    const kinds = this.types.get(layout) ?? [];
    const found: (Binding | undefined)[] = [];
    for (const { binding, resource } of entries) {
      const kind = kinds[binding];
      if (kind !== "storage" && kind !== "read-only-storage") continue;
      const { buffer, offset } = "buffer" in resource ? resource : { buffer: resource as GPUBuffer, offset: 0 };
      found[binding] = { buffer, offset: offset ?? 0, writable: kind === "storage" };
    }
    return found.filter((binding) => binding !== undefined);
  }

  /** Compute passes of this encoder begin when they end: what comes before them is known only then. */
  private hook(encoder: GPUCommandEncoder): void {
    const begin = encoder.beginComputePass.bind(encoder);
    const end = (descriptor: GPUComputePassDescriptor | undefined, commands: readonly Command[]): void => {
      const pipeline = commands.findLast((command) => command.name === "setPipeline")?.args[0];
      const group = commands.findLast((command) => command.name === "setBindGroup")?.args[1];
      const dispatch: Dispatch = { kernel: this.names.get(pipeline as GPUComputePipeline) ?? "", bindings: this.bound.get(group as GPUBindGroup) ?? [], encoder };
      if (this.listener?.before(dispatch)) return;
      const pass = begin(descriptor);
      for (const { name, args } of commands) (pass[name] as (...given: unknown[]) => void)(...args);
      pass.end();
      this.listener?.after(dispatch);
    };
    encoder.beginComputePass = (descriptor) => {
      const commands: Command[] = [];
      const later = (name: Command["name"]) => (...args: unknown[]) => void commands.push({ name, args });
      const pass = Object.fromEntries(passCommands.map((name) => [name, later(name)]));
      return { ...pass, end: () => end(descriptor, commands) } as unknown as GPUComputePassEncoder;
    };
  }
}

const passCommands = ["setPipeline", "setBindGroup", "dispatchWorkgroups", "dispatchWorkgroupsIndirect", "pushDebugGroup", "popDebugGroup", "insertDebugMarker"] as const;

interface Command {
  readonly name: (typeof passCommands)[number];
  readonly args: readonly unknown[];
}
