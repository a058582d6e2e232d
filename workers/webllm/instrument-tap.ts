/**
 * The tap through TVM's instrument: the virtual machine announces every kernel
 * with its arguments, before and after it runs.
 *
 * The residual stream is found by the identity of norm weights (see
 * `layer-finder.ts`) and copied at once, since the memory planner reuses its
 * buffer a few kernels later. The copies are commands of the GPU, recorded
 * between the kernels; nothing is read back here.
 */
import { EngineError } from "../engine.ts";
import type { KernelCall, LoadedWeight, Pipeline } from "./adapter.ts";
import { type Announcement, type Argument, findResidualStream } from "./layer-finder.ts";
import type { Place, Plan, Tap } from "./tap.ts";

/** Calls that TVM's machine needs for its own sake: they make tensors and compute shapes. */
const housekeeping = /^(?:vm\.builtin\.(?!attention_kv_cache_attention)|shape_func)/;

export class InstrumentTap implements Tap {
  readonly route = "instrument";
  readonly weights: readonly string[];
  readonly layers: number;
  readonly scalesInput: boolean;
  /** Layer (L for the last norm) by the buffer of its norm's weight. */
  private readonly slots = new Map<number, number>();
  private readonly weightOf: ReadonlyMap<number, LoadedWeight>;
  /** What is done with announcements; null while nobody listens. */
  private listener: ((call: KernelCall) => boolean) | null = null;
  /** An error inside the callback, which must not throw. */
  private failure: Error | null = null;
  /** How often each layer was read in this pass. */
  private seen = new Uint8Array(0);
  private reachedLast = false;
  private readonly rowBytes: number;
  private zeros: number | null = null;

  /**
   * @param reserve  makes a buffer of zeros of so many bytes and gives its number
   * @throws EngineError where the library announces nothing, or not what a pre-norm transformer would
   */
  constructor(
    private readonly pipeline: Pipeline,
    private readonly reserve: (bytes: number) => number,
  ) {
    this.weightOf = new Map(pipeline.weights.map((weight) => [weight.buffer, weight]));
    this.rowBytes = pipeline.hiddenSize * (pipeline.dtype === "float16" ? 2 : 4);
    const announces = pipeline.instrument((call) => {
      if (!this.listener) return false;
      try {
        return this.listener(call);
      } catch (error) {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
        return false;
      }
    });
    if (!announces) throw new EngineError("tap: expected a library that announces its kernels, got one without set_instrument");

    const [first, other] = [this.rehearse(1), this.rehearse(Math.min(4, pipeline.chunk))].map((announced) => ({ announced, stream: findResidualStream(announced) }));
    if (!first || !other) throw new RangeError("tap: expected two rehearsals");
    const { layers, final } = first.stream;
    this.weights = [...layers, final].map(({ weight }) => weight);
    const others = [...other.stream.layers, other.stream.final].map(({ weight }) => weight);
    if (this.weights.join() !== others.join()) throw new EngineError(`tap: expected prefill and decode to read the same ${this.weights.length} layers, got ${others.length} other ones`);
    if (first.stream.hiddenSize !== pipeline.hiddenSize || first.stream.dtype !== pipeline.dtype) {
      throw new EngineError(`tap: expected a residual stream of ${pipeline.hiddenSize} ${pipeline.dtype}, as the embeddings, got ${first.stream.hiddenSize} ${first.stream.dtype}`);
    }
    this.layers = layers.length;
    this.scalesInput = (layers[0]?.event ?? 0) > 0;
    this.seen = new Uint8Array(this.weights.length);
    for (const [slot, name] of this.weights.entries()) {
      const weight = pipeline.weights.find((candidate) => candidate.name === name);
      if (!weight || this.slots.has(weight.buffer)) throw new EngineError(`tap: expected a buffer of its own for ${name}, got ${weight ? "one that is shared" : "none"}`);
      this.slots.set(weight.buffer, slot);
    }
  }

  through<T>(plan: Plan, pass: () => T): T {
    const listener = plan.run === "all" ? this.whole(plan) : this.partial(plan);
    const result = this.listen(listener, pass);
    const wanted = plan.run === "all" ? plan.states || plan.normed : plan.run;
    if (wanted) this.checkSeen(plan);
    return result;
  }

  /** Announces one pass without running its kernels. */
  private rehearse(rows: number): Announcement[] {
    const announced: Announcement[] = [];
    const { pipeline } = this;
    this.listen(
      (call) => {
        if (!call.before) return false;
        const { name } = call;
        if (housekeeping.test(name)) return false;
        announced.push({ kernel: name, args: Array.from({ length: call.count }, (_, i) => this.argument(call, i)) });
        return true;
      },
      () => pipeline.scoped(() => void pipeline.forwardAside(pipeline.empty([1, rows, pipeline.hiddenSize]))),
    );
    return announced;
  }

  private argument(call: KernelCall, i: number): Argument {
    const buffer = call.buffer(i);
    if (buffer < 0) return null;
    const weight = this.weightOf.get(buffer);
    return weight ? { weight } : { buffer, dtype: call.dtype(i), shape: call.shape(i) };
  }

  private listen<T>(listener: (call: KernelCall) => boolean, pass: () => T): T {
    this.failure = null;
    this.reachedLast = false;
    this.seen.fill(0);
    this.listener = listener;
    try {
      const result = pass();
      this.throwFailure();
      return result;
    } finally {
      this.listener = null;
    }
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure;
  }

  /** All kernels run; the tap looks on. */
  private whole({ rows, input, edits = [], states, normed }: Plan): (call: KernelCall) => boolean {
    return (call) => {
      const { before } = call;
      if (before && !input && edits.length === 0) return false;
      const at = this.weightAt(call);
      if (at < 0) return false;
      const slot = this.slots.get(call.buffer(at)) ?? -1;
      if (before) {
        if (input && slot === 0) this.put(input, call, 0, rows);
        for (const { layer, row, from } of edits) {
          if (layer !== slot) continue;
          this.put(from, call, at === 1 ? 0 : 1, 1, row);
          // A kernel that adds two states before it norms: ours and nothing.
          if (at !== 1) this.put(this.nothing(), call, 0, 1, row);
        }
        return false;
      }
      this.count(slot);
      if (states) this.take(call, at === 1 ? 0 : 4, rows, states.buffer, states.offset + slot * states.stride);
      if (normed && slot === this.layers) this.take(call, normedAt(call, at), rows, normed.buffer, normed.offset);
      return false;
    };
  }

  /** Only some of the kernels run. */
  private partial({ rows, run, input, states, normed }: Plan): (call: KernelCall) => boolean {
    return (call) => {
      const { before } = call;
      const at = this.weightAt(call);
      const slot = at < 0 ? -1 : (this.slots.get(call.buffer(at)) ?? -1);
      if (!before) {
        if (slot === this.layers && normed) this.take(call, normedAt(call, at), rows, normed.buffer, normed.offset);
        return false;
      }
      if (slot >= 0) this.count(slot);
      if (run === "embedding") {
        if (slot === 0 && states) this.take(call, 0, rows, states.buffer, states.offset);
        return this.seen[0] !== 0 && !housekeeping.test(call.name);
      }
      if (slot !== this.layers) return this.reachedLast ? run === "norm" && !housekeeping.test(call.name) : !housekeeping.test(call.name);
      this.reachedLast = true;
      if (!input) return false;
      if (run === "head") {
        this.put(input, call, normedAt(call, at), rows);
        return true;
      }
      if (at === 1) this.put(input, call, 0, rows);
      else {
        // The kernel adds two states before it norms: ours and nothing.
        this.put(input, call, 1, rows);
        this.put(this.nothing(), call, 0, rows);
      }
      return false;
    };
  }

  /** Which argument is the weight of a norm that we follow; −1 where none is. */
  private weightAt(call: KernelCall): number {
    if (this.slots.has(call.buffer(1))) return 1;
    return this.slots.has(call.buffer(2)) ? 2 : -1;
  }

  private count(slot: number): void {
    this.seen[slot] = (this.seen[slot] ?? 0) + 1;
  }

  private take(call: KernelCall, i: number, rows: number, to: number, offset: number): void {
    this.pipeline.copy(call.buffer(i), call.byteOffset(i), to, offset, rows * this.rowBytes);
  }

  private put({ buffer, offset }: Place, call: KernelCall, i: number, rows: number, first = 0): void {
    this.pipeline.copy(buffer, offset, call.buffer(i), call.byteOffset(i) + first * this.rowBytes, rows * this.rowBytes);
  }

  /** Rows of zeros. */
  private nothing(): Place {
    return { buffer: (this.zeros ??= this.reserve(64 * this.rowBytes)), offset: 0 };
  }

  /** Nothing that was missed may pass for a hidden state. */
  private checkSeen({ run }: Plan): void {
    const slots = run === "embedding" ? [0] : run === "all" ? [...this.seen.keys()] : [this.layers];
    const wrong = slots.find((slot) => this.seen[slot] !== 1);
    if (wrong === undefined) return;
    throw new EngineError(`tap: expected ${this.weights[wrong]} to be read once in a pass, got ${this.seen[wrong]} times; load the model again`);
  }
}

/** Which argument a norm writes its result to, with its weight at `at`. */
function normedAt(call: KernelCall, at: number): number {
  return at === 1 ? call.count - 1 : 3;
}
