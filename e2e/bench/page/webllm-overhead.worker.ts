/**
 * What capturing costs on WebLLM: the same decode step with the hidden states
 * of every layer and without, in turn, in one worker. Every step is a token
 * after the same prompt, and the cache is cut back before each.
 */
import * as Comlink from "comlink";
import type { ModelRequest } from "../../../workers/engine.ts";
import { setPageBase } from "../../../workers/page.ts";
import { loadWebllm } from "../../../workers/webllm/load.ts";

/** Milliseconds of each step, in the order in which they were taken. */
export interface WebllmStepTimes {
  readonly quiet: readonly number[];
  readonly captured: readonly number[];
}

const prompt = Array.from({ length: 40 }, (_, i) => 1 + (i % 30));
const token = 7;
/** The first rounds warm up the caches and the compiler. */
const warmUp = 6;

async function measure(model: ModelRequest, base: string, rounds: number): Promise<WebllmStepTimes> {
  setPageBase(base);
  const { decoder } = await loadWebllm(model, () => undefined, new AbortController().signal);
  const times = { quiet: [] as number[], captured: [] as number[] };
  await decoder.forward(prompt);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const kind of round % 2 === 0 ? (["quiet", "captured"] as const) : (["captured", "quiet"] as const)) {
      await decoder.rewind(prompt.length);
      const start = performance.now();
      await decoder.forward([token], { capture: kind === "captured" });
      if (round >= warmUp) times[kind].push(performance.now() - start);
    }
  }
  return times;
}

Comlink.expose({ measure });
