import { DynamicCache, Tensor } from "@huggingface/transformers";
import { EngineError } from "../engine.ts";

/**
 * The KV cache of one sequence: what the last run gave as `present…`, fed to
 * the next as `past…`. Tensors that are replaced are released, since the GPU
 * does not collect garbage.
 */
export class KvCache {
  length = 0;
  private entries = new DynamicCache();

  /** What a run reads; empty before the first. */
  get past(): DynamicCache {
    return this.entries;
  }

  /** Takes over the cache that a run of `count` new positions gave. */
  adopt(outputs: Readonly<Record<string, unknown>>, count: number): void {
    const present: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(outputs)) {
      if (name.startsWith("present") && value instanceof Tensor) present[pastName(name)] = value;
    }
    this.entries.update(present);
    this.length += count;
  }

  /** Forgets all but the first `length` positions. */
  async rewind(length: number): Promise<void> {
    if (!Number.isInteger(length) || length < 0 || length > this.length) {
      throw new EngineError(`rewind: expected 0 to ${this.length} positions, got ${length}; rewind only to what was fed in`);
    }
    if (length === this.length) return;
    if (length === 0) {
      await this.dispose();
      return;
    }
    const shorter: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(this.entries)) {
      if (value.dims.length !== 4 || value.dims[2] !== this.length) {
        throw new EngineError(`rewind: expected a KV cache of ${this.length} positions, got ${name} of shape [${value.dims.join(", ")}], which keeps no record of each position; rewind this model to 0 and feed the prompt again`);
      }
      shorter[name] = await firstPositions(value, length);
    }
    this.entries.update(shorter);
    this.length = length;
  }

  async dispose(): Promise<void> {
    const old = this.entries;
    this.entries = new DynamicCache();
    this.length = 0;
    await old.dispose();
  }
}

/** present.0.key → past_key_values.0.key, present_conv.0 → past_conv.0 */
function pastName(name: string): string {
  return name.startsWith("present.") ? `past_key_values.${name.slice("present.".length)}` : name.replace("present", "past");
}

/** The first rows of a cache [B, H, P, D], on the CPU; the next run uploads it again. */
async function firstPositions(cache: Tensor, length: number): Promise<Tensor> {
  const [batch = 1, heads = 1, positions = 0, width = 1] = cache.dims;
  const source = cache.location === "cpu" ? cache.data : await cache.ort_tensor.getData();
  const all = source as Float32Array;
  const kept = new (all.constructor as Float32ArrayConstructor)(batch * heads * length * width);
  for (let head = 0; head < batch * heads; head++) {
    const start = head * positions * width;
    kept.set(all.subarray(start, start + length * width), head * length * width);
  }
  return new Tensor(cache.type, kept, [batch, heads, length, width]);
}
