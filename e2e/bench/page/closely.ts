/**
 * What looking closely costs: all measures of a large run in the probe worker, with an
 * eye on the page's frames, and the memory that runs hold beside what was said of them.
 */
import { Random } from "../../../probes/random.ts";
import { tensor } from "../../../probes/tensor.ts";
import { exampleTrace } from "../../../probes/trace.example.ts";
import type { Trace } from "../../../probes/trace.ts";
import { connect } from "../../../workers/connect.ts";
import { connectProbes } from "../../../workers/connect-probes.ts";
import type { ModelRequest, RunRequest } from "../../../workers/engine.ts";

export interface MeasureTimes {
  /** From the call to the answer, of each round, ms. */
  readonly rounds: readonly number[];
  /** The longest time between two frames of the page while the worker was at it, ms. */
  readonly longestFrame: number;
  /** The same while nothing was going on: what the machine itself does to frames. */
  readonly idleFrame: number;
  readonly measures: number;
}

/** All measures of a made-up run whose layers are random walks. */
export async function measureTimes(steps: number, layers: number, hiddenSize: number, rounds: number): Promise<MeasureTimes> {
  const random = new Random(1);
  const example = exampleTrace({ steps, layers: layers - 1, hiddenSize });
  const residPost = tensor([steps, layers, hiddenSize]);
  for (let i = 0; i < residPost.data.length; i++) residPost.data[i] = (residPost.data[i - layers * hiddenSize] ?? 0) + random.uniform() - 0.5;
  const trace: Trace = { ...example, activations: { ...example.activations, residPost } };
  const probes = connectProbes();
  try {
    let measures = 0;
    const times: number[] = [];
    // The first round compiles.
    await probes.runMeasures(trace, { seed: 1 });
    const idleFrame = await watchFrames(() => new Promise((resolve) => setTimeout(resolve, 1500)));
    const longestFrame = await watchFrames(async () => {
      for (let i = 0; i < rounds; i++) {
        const begun = performance.now();
        const found = await probes.runMeasures(trace, { seed: 1 });
        times.push(performance.now() - begun);
        measures = found?.measures.size ?? 0;
      }
    });
    return { rounds: times, longestFrame, idleFrame, measures };
  } finally {
    probes.terminate();
  }
}

/** The longest time between two frames during some work, ms. */
async function watchFrames(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let watching = true;
  const watch = (now: number): void => {
    longest = Math.max(longest, now - last);
    last = now;
    if (watching) requestAnimationFrame(watch);
  };
  await new Promise(requestAnimationFrame);
  last = performance.now();
  requestAnimationFrame(watch);
  await work();
  watching = false;
  return longest;
}

/** Runs that stay in memory until the page is closed. */
const kept: Trace[] = [];

/** Makes runs and keeps them, and what was said of them before, in bytes. */
export async function keepRuns(model: ModelRequest, requests: readonly RunRequest[]): Promise<{ stated: number; steps: number }> {
  const engine = connect("transformers");
  try {
    await engine.load(model, () => undefined);
    let [stated, steps] = [0, 0];
    for (const request of requests) {
      stated += (await engine.size(request)).bytes;
      const trace = await engine.run(request, () => undefined);
      steps += trace.steps.length;
      kept.push(trace);
    }
    return { stated, steps };
  } finally {
    engine.terminate();
  }
}

/** Lets go of the runs. */
export function dropRuns(): void {
  kept.length = 0;
}
