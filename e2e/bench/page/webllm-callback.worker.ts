/**
 * What TVM's instrument costs the processor: decode steps whose kernels are
 * announced and recorded but not given to the GPU. One model without an
 * instrument and one with it, in turn, in one worker.
 */
import * as Comlink from "comlink";
import type { Decoder, ModelRequest } from "../../../workers/engine.ts";
import { setPageBase } from "../../../workers/page.ts";
import type { Pipeline } from "../../../workers/webllm/adapter.ts";
import { loadWebllm, type LoadOptions } from "../../../workers/webllm/load.ts";
import { usage } from "../../../workers/webllm/store.ts";
import type { Tap } from "../../../workers/webllm/tap.ts";

/** Milliseconds of each step, in the order in which they were taken. */
export interface CallbackTimes {
  /** Without an instrument. */
  readonly plain: readonly number[];
  /** With one that nobody listens to. */
  readonly idle: readonly number[];
  /** With every layer copied. */
  readonly captured: readonly number[];
}

const warmUp = 20;

interface Inside {
  readonly pipeline: Pipeline;
  readonly tap: Tap;
}

async function measure(model: ModelRequest, base: string, rounds: number): Promise<CallbackTimes> {
  setPageBase(base);
  const load = async (routes: LoadOptions["routes"]): Promise<Inside> => {
    const { decoder } = await loadWebllm(model, () => undefined, new AbortController().signal, { routes: routes! });
    return decoder as Decoder & Inside;
  };
  const plain = await load(["webgpu"]);
  const probed = await load(["instrument"]);
  const { pipeline: { hiddenSize }, tap: { layers } } = probed;
  const states = (layers + 1) * hiddenSize * 4;
  const store = probed.pipeline.adopt(probed.pipeline.device.createBuffer({ size: states + hiddenSize * 4, usage: usage.copyDestination | usage.copySource }));
  const step = ({ pipeline, tap }: Inside, capture: boolean): number =>
    pipeline.scoped(() => {
      const input = pipeline.empty([1, 1, hiddenSize]);
      const start = performance.now();
      if (capture) tap.through({ rows: 1, run: "all", states: { buffer: store, offset: 0, stride: hiddenSize * 4 }, normed: { buffer: store, offset: states } }, () => pipeline.forward(input));
      else pipeline.forward(input);
      const time = performance.now() - start;
      pipeline.flush();
      return time;
    });
  const times = { plain: [] as number[], idle: [] as number[], captured: [] as number[] };
  const kinds = [["plain", plain, false], ["idle", probed, false], ["captured", probed, true]] as const;
  for (const { pipeline } of [plain, probed]) pipeline.dispatch(false);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (let k = 0; k < kinds.length; k++) {
      const [kind, inside, capture] = kinds[(round + k) % kinds.length]!;
      inside.pipeline.rewind(0);
      const time = step(inside, capture);
      if (round >= warmUp) times[kind].push(time);
      await inside.pipeline.device.queue.onSubmittedWorkDone();
    }
  }
  return times;
}

Comlink.expose({ measure });
