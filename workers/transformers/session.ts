/** Sessions of onnxruntime, and what comes out of them as float32. */
import type { InferenceSession } from "onnxruntime-common";
import type { Tensor } from "../../probes/tensor.ts";
import { tensor } from "../../probes/tensor.ts";
import type { ModelRequest } from "../engine.ts";
import type { ModelFiles } from "./files.ts";
import { asEngineError, ort } from "./runtime.ts";

export type Session = InferenceSession;

/** Makes a session of a model in memory. */
export async function createSession(bytes: Uint8Array, device: ModelRequest["device"], data: ModelFiles["data"], keepOnGpu: readonly string[] = []): Promise<Session> {
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: [device],
      logSeverityLevel: 3,
      ...(data.length > 0 ? { externalData: [...data] } : {}),
      ...(device === "webgpu" && keepOnGpu.length > 0 ? { preferredOutputLocation: Object.fromEntries(keepOnGpu.map((name) => [name, "gpu-buffer" as const])) } : {}),
    });
  } catch (error) {
    throw asEngineError("model", error);
  }
}

/** The numbers of an output as float32, whatever it is stored as. */
export function float32(output: { readonly type: string; readonly data: unknown }, shape: readonly number[]): Tensor {
  const { data } = output;
  if (data instanceof Float32Array) return tensor(shape, data as Float32Array<ArrayBuffer>);
  if (data instanceof Uint16Array) return tensor(shape, Float32Array.from(data, halfToNumber));
  // A browser that has Float16Array gives one.
  return tensor(shape, Float32Array.from(data as ArrayLike<number>));
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
