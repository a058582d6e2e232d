/** Runs an ONNX decoder in Node, on onnxruntime-web's plain wasm binary. */
import { InferenceSession, Tensor, env } from "onnxruntime-web";
import type { LlamaConfig } from "../workers/llama.ts";
import { graphHeadDim } from "./heads.ts";

env.wasm.numThreads = 1;
env.logLevel = "error";

/**
 * Logits of every position, [T][V]: the tokens are fed in the given pieces,
 * each onto the KV cache of those before.
 */
export async function onnxLogits(bytes: Uint8Array, config: LlamaConfig, pieces: readonly (readonly number[])[]): Promise<Float32Array[]> {
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  const int64 = (numbers: readonly number[]) => new Tensor("int64", BigInt64Array.from(numbers.map(BigInt)), [1, numbers.length]);
  const empty = [1, config.kvHeads, 0, graphHeadDim(config.headDim)];
  let cache: Record<string, Tensor> = Object.fromEntries(
    session.inputNames.filter((name) => name.startsWith("past_key_values")).map((name) => [name, new Tensor("float32", new Float32Array(0), empty)]),
  );
  const rows: Float32Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    length += piece.length;
    const mask = int64(Array.from({ length }, () => 1));
    const results = await session.run({ input_ids: int64(piece), attention_mask: mask, ...cache });
    const logits = results["logits"]?.data as Float32Array;
    for (let t = 0; t < piece.length; t++) rows.push(logits.slice(t * config.vocabSize, (t + 1) * config.vocabSize));
    cache = Object.fromEntries(
      Object.entries(results).filter(([name]) => name.startsWith("present")).map(([name, value]) => [name.replace("present", "past_key_values"), value]),
    );
  }
  await session.release();
  return rows;
}
