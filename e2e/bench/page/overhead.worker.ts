/**
 * What capturing costs: decode steps of one model, timed in turn in one worker.
 *
 *   plain     the file as it is, on transformers.js
 *   quiet     the app's decoder, capture off
 *   captured  the app's decoder, hidden states of every layer read
 *
 * Every step is the same one, a token after the same prompt, and the cache is
 * cut back before each; so the three differ in nothing but the capture. All
 * six orders take turns, so that none profits from what ran before it.
 */
import { LlamaForCausalLM, PretrainedConfig, Tensor as OrtTensor } from "@huggingface/transformers";
import * as Comlink from "comlink";
import type { ModelRequest } from "../../../workers/engine.ts";
import { readConfig } from "../../../workers/transformers/config.ts";
import { loadTransformers } from "../../../workers/transformers/decoder.ts";
import { chooseModel, loadFiles } from "../../../workers/transformers/files.ts";
import { Progress } from "../../../workers/files/progress.ts";
import { KvCache } from "../../../workers/transformers/kv-cache.ts";
import { createSession } from "../../../workers/transformers/session.ts";

/** Milliseconds of each step, in the order in which they were taken. */
export interface StepTimes {
  readonly plain: readonly number[];
  readonly quiet: readonly number[];
  readonly captured: readonly number[];
}
type Kind = keyof StepTimes;

const prompt = Array.from({ length: 40 }, (_, i) => 1 + (i % 30));
const token = 7;
/** The first rounds warm up the caches and the compiler. */
const warmUp = 6;

const orders: readonly (readonly Kind[])[] = [
  ["plain", "quiet", "captured"],
  ["captured", "quiet", "plain"],
  ["quiet", "captured", "plain"],
  ["plain", "captured", "quiet"],
  ["captured", "plain", "quiet"],
  ["quiet", "plain", "captured"],
];

interface Stepper {
  step(tokens: readonly number[]): Promise<unknown>;
  rewind(length: number): Promise<void>;
}

/** The unmodified file, run the way transformers.js runs it. */
async function plainModel(model: ModelRequest, base: string): Promise<Stepper> {
  const { signal } = new AbortController();
  const { listing, chosen, bytes } = await chooseModel(model, { base, fetch: (url, init) => fetch(url, init), shaderF16: false }, signal);
  const progress = new Progress(() => undefined);
  progress.expect(bytes);
  const files = await loadFiles(listing, chosen, progress, signal);
  const session = await createSession(files.model, "wasm", files.data);
  const llama = new LlamaForCausalLM(new PretrainedConfig(readConfig(files.texts).json), { model: session }, {});
  const cache = new KvCache();
  const int64 = (numbers: readonly number[]): OrtTensor => new OrtTensor("int64", BigInt64Array.from(numbers, BigInt), [1, numbers.length]);
  return {
    async step(tokens) {
      const total = cache.length + tokens.length;
      const outputs = (await llama.forward({
        input_ids: int64(tokens),
        attention_mask: int64(Array.from({ length: total }, () => 1)),
        past_key_values: cache.past,
      })) as Record<string, OrtTensor>;
      cache.adopt(outputs, tokens.length);
      return outputs["logits"]?.data;
    },
    rewind: (length) => cache.rewind(length),
  };
}

async function measure(model: ModelRequest, base: string, rounds: number): Promise<StepTimes> {
  const { decoder } = await loadTransformers(model, () => undefined, new AbortController().signal, { base });
  const rewind = (length: number): Promise<void> => decoder.rewind(length);
  const quiet: Stepper = { step: (tokens) => decoder.forward(tokens), rewind };
  const captured: Stepper = { step: (tokens) => decoder.forward(tokens, { capture: true }), rewind };
  const steppers: Record<Kind, Stepper> = { plain: await plainModel(model, base), quiet, captured };
  const times: Record<Kind, number[]> = { plain: [], quiet: [], captured: [] };
  await steppers.plain.step([...prompt, token]);
  await quiet.step([...prompt, token]);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const kind of orders[round % orders.length] ?? []) {
      await steppers[kind].rewind(prompt.length);
      const start = performance.now();
      await steppers[kind].step([token]);
      const taken = performance.now() - start;
      if (round >= warmUp) times[kind].push(taken);
    }
  }
  return times;
}

Comlink.expose({ measure });
