import type { Pipeline } from "./adapter.ts";

/** GPUBufferUsage and GPUMapMode.READ, as numbers (WebGPU specification, 5.1.2 and 5.2.1); their names exist in browsers only. */
export const usage = { mapRead: 0x1, copySource: 0x4, copyDestination: 0x8, storage: 0x80 } as const;
const mapRead = 0x1;

/**
 * Memory on the GPU that a pass copies into, read back in one go. It grows as
 * needed and is used again by the next pass.
 */
export class Store {
  private held: { readonly buffer: GPUBuffer; readonly staging: GPUBuffer; readonly id: number } | null = null;

  constructor(private readonly pipeline: Pipeline) {}

  /** A buffer of at least so many bytes, by its number; what it held before is lost. */
  reserve(bytes: number): number {
    if (this.held && this.held.buffer.size >= bytes) return this.held.id;
    this.dispose();
    const { device } = this.pipeline;
    // A little more than asked for, since a sequence grows step by step.
    const size = Math.min(Math.ceil((bytes * 1.5) / 4096) * 4096, Math.max(bytes, device.limits.maxBufferSize));
    const buffer = device.createBuffer({ label: "geodesic states", size, usage: usage.storage | usage.copyDestination | usage.copySource });
    const staging = device.createBuffer({ label: "geodesic states, read back", size, usage: usage.copyDestination | usage.mapRead });
    this.held = { buffer, staging, id: this.pipeline.adopt(buffer) };
    return this.held.id;
  }

  /** Writes into the reserved buffer, after all that was recorded so far. */
  write(offset: number, data: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): void {
    if (!this.held) throw new RangeError("store: expected to be reserved first");
    this.pipeline.flush();
    this.pipeline.device.queue.writeBuffer(this.held.buffer, offset, data);
  }

  /** Hands over all that was recorded, waits, and gives the first `bytes` bytes. */
  async read(bytes: number): Promise<ArrayBuffer> {
    const { held, pipeline } = this;
    if (!held) throw new RangeError("store: expected to be reserved first");
    pipeline.flush();
    const encoder = pipeline.device.createCommandEncoder();
    encoder.copyBufferToBuffer(held.buffer, 0, held.staging, 0, bytes);
    pipeline.device.queue.submit([encoder.finish()]);
    await held.staging.mapAsync(mapRead, 0, bytes);
    const copy = held.staging.getMappedRange(0, bytes).slice(0);
    held.staging.unmap();
    return copy;
  }

  dispose(): void {
    if (!this.held) return;
    this.pipeline.release(this.held.id);
    this.held.buffer.destroy();
    this.held.staging.destroy();
    this.held = null;
  }
}
