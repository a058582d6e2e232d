/**
 * The tap through WebGPU's own objects, with nothing of TVM's in it: for
 * libraries that announce nothing, and as a check of the other tap.
 *
 * A norm is known by the buffer of its weight among those that a dispatch is
 * bound to. Of the others, the one that it may not write holds the state that
 * it reads, and the one that it may write the normed state. Which of two is
 * which cannot be told from outside, so that kernels which add before they norm
 * (float16 libraries have such) are refused.
 */
import { EngineError } from "../engine.ts";
import type { LoadedWeight, Pipeline } from "./adapter.ts";
import type { Binding, Dispatch, DispatchListener, GpuHooks } from "./gpu-hooks.ts";
import { type Announcement, type Argument, findResidualStream } from "./layer-finder.ts";
import type { Place, Plan, Tap } from "./tap.ts";

export class WebgpuTap implements Tap {
  readonly route = "webgpu";
  readonly weights: readonly string[];
  readonly layers: number;
  readonly scalesInput: boolean;
  private readonly slots = new Map<GPUBuffer, number>();
  private readonly weightOf: ReadonlyMap<GPUBuffer, LoadedWeight>;
  private readonly rowBytes: number;
  private seen = new Uint8Array(0);

  /** @throws EngineError where the dispatches are not those of a pre-norm transformer */
  constructor(
    private readonly pipeline: Pipeline,
    private readonly hooks: GpuHooks,
  ) {
    this.weightOf = new Map(pipeline.weights.map((weight) => [pipeline.buffer(weight.buffer), weight]));
    this.rowBytes = pipeline.hiddenSize * (pipeline.dtype === "float16" ? 2 : 4);
    const decode = findResidualStream(this.rehearse(1));
    const announced = this.rehearse(Math.min(4, pipeline.chunk));
    const prefill = findResidualStream(announced);
    this.weights = [...prefill.layers, prefill.final].map(({ weight }) => weight);
    if (this.weights.join() !== [...decode.layers, decode.final].map(({ weight }) => weight).join()) {
      throw new EngineError("tap: expected prefill and decode to read the same layers, got others; choose another library");
    }
    this.layers = prefill.layers.length;
    const [first] = prefill.layers;
    const enters = announced[first?.event ?? 0]?.args[0];
    this.scalesInput = announced.slice(0, first?.event).some(({ args }) => {
      const out = args.at(-1);
      return enters && out && "buffer" in enters && "buffer" in out && out.buffer === enters.buffer;
    });
    this.seen = new Uint8Array(this.weights.length);
    for (const [buffer, { name }] of this.weightOf) {
      const slot = this.weights.indexOf(name);
      if (slot >= 0) this.slots.set(buffer, slot);
    }
    if (this.slots.size !== this.weights.length) throw new EngineError(`tap: expected a buffer of its own for each of ${this.weights.length} norms, got ${this.slots.size}; choose another library`);
  }

  through<T>(plan: Plan, pass: () => T): T {
    this.seen.fill(0);
    const result = this.listen(plan.run === "all" ? this.whole(plan) : this.partial(plan), pass);
    const slots = plan.run === "embedding" ? [0] : plan.run === "all" ? [...this.seen.keys()] : [this.layers];
    const wrong = slots.find((slot) => this.seen[slot] !== 1);
    if (wrong !== undefined) throw new EngineError(`tap: expected ${this.weights[wrong]} to be read once in a pass, got ${this.seen[wrong]} times; load the model again`);
    return result;
  }

  private listen<T>(listener: DispatchListener, pass: () => T): T {
    // Encoders that are open were made while nobody listened, and those made now must not stay open.
    this.pipeline.flush();
    this.hooks.listener = listener;
    try {
      return pass();
    } finally {
      this.pipeline.flush();
      this.hooks.listener = null;
    }
  }

  private rehearse(rows: number): Announcement[] {
    const announced: Announcement[] = [];
    const { pipeline } = this;
    const numbers = new Map<GPUBuffer, number>();
    const before = ({ kernel, bindings }: Dispatch): boolean => {
      announced.push({ kernel, args: this.args(bindings, rows, numbers) });
      return true;
    };
    this.listen({ before, after: () => undefined }, () => pipeline.scoped(() => void pipeline.forwardAside(pipeline.empty([1, rows, pipeline.hiddenSize]))));
    return announced;
  }

  /** A dispatch as a library would announce it: inputs, weights, outputs. Shapes are known of norms alone. */
  private args(bindings: readonly Binding[], rows: number, numbers: Map<GPUBuffer, number>): Argument[] {
    const { hiddenSize, dtype } = this.pipeline;
    const weights = bindings.flatMap(({ buffer }) => this.weightOf.get(buffer) ?? []);
    const isNorm = weights.length > 0 && weights.every(({ shape }) => shape.length === 1 && shape[0] === hiddenSize);
    const activation = ({ buffer }: Binding): Argument => {
      const number = numbers.get(buffer) ?? numbers.size;
      numbers.set(buffer, number);
      return { buffer: number, dtype, shape: isNorm ? [1, rows, hiddenSize] : [buffer.size / 4] };
    };
    const others = bindings.filter(({ buffer }) => !this.weightOf.has(buffer));
    const inputs = others.filter(({ writable }) => !writable).map(activation);
    const outputs = others.filter(({ writable }) => writable).map(activation);
    const scales = weights.toSorted((a, b) => Number(a.name.endsWith("bias")) - Number(b.name.endsWith("bias"))).map((weight) => ({ weight }));
    // Two outputs of a norm: the normed state and the sum, in an order that only the library knows.
    if (isNorm && outputs.length !== 1) return [...inputs, ...outputs];
    return [...inputs.slice(0, 1), ...scales, ...inputs.slice(1), ...outputs];
  }

  private whole({ rows, input, edits = [], states, normed }: Plan): DispatchListener {
    return {
      before: (dispatch) => {
        if (input && this.slot(dispatch) === 0) this.put(input, dispatch, this.read(dispatch), rows);
        if (edits.length > 0) {
          const slot = this.slot(dispatch);
          for (const { layer, row, from } of edits) if (layer === slot) this.put(from, dispatch, this.read(dispatch), 1, row);
        }
        return false;
      },
      after: (dispatch) => {
        const slot = this.slot(dispatch);
        if (slot < 0) return;
        this.count(slot);
        if (states) this.take(dispatch, this.read(dispatch), rows, { buffer: states.buffer, offset: states.offset + slot * states.stride });
        if (normed && slot === this.layers) this.take(dispatch, written(dispatch), rows, normed);
      },
    };
  }

  private partial({ rows, run, input, states, normed }: Plan): DispatchListener {
    const last = this.layers;
    return {
      before: (dispatch) => {
        const slot = this.slot(dispatch);
        const reached = this.seen[last] !== 0;
        if (slot >= 0) this.count(slot);
        if (run === "embedding") {
          if (slot === 0 && states) this.take(dispatch, this.read(dispatch), rows, states);
          return this.seen[0] !== 0;
        }
        if (slot !== last) return !reached || run === "norm";
        if (!input) return false;
        this.put(input, dispatch, run === "head" ? written(dispatch) : this.read(dispatch), rows);
        return run === "head";
      },
      after: (dispatch) => {
        if (normed && this.slot(dispatch) === last) this.take(dispatch, written(dispatch), rows, normed);
      },
    };
  }

  /** The layer whose norm this is; −1 where it is none. */
  private slot({ bindings }: Dispatch): number {
    for (const { buffer } of bindings) {
      const slot = this.slots.get(buffer);
      if (slot !== undefined) return slot;
    }
    return -1;
  }

  private count(slot: number): void {
    this.seen[slot] = (this.seen[slot] ?? 0) + 1;
  }

  /** What a norm reads. */
  private read({ bindings }: Dispatch): Binding | undefined {
    return bindings.find(({ buffer, writable }) => !writable && !this.weightOf.has(buffer));
  }

  private take({ encoder }: Dispatch, from: Binding | undefined, rows: number, to: Place): void {
    if (from) encoder.copyBufferToBuffer(from.buffer, from.offset, this.pipeline.buffer(to.buffer), to.offset, rows * this.rowBytes);
  }

  private put(from: Place, { encoder }: Dispatch, to: Binding | undefined, rows: number, first = 0): void {
    if (to) encoder.copyBufferToBuffer(this.pipeline.buffer(from.buffer), from.offset, to.buffer, to.offset + first * this.rowBytes, rows * this.rowBytes);
  }
}

/** What a norm writes. */
function written({ bindings }: Dispatch): Binding | undefined {
  return bindings.find(({ writable }) => writable);
}
