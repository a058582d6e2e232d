/**
 * What four stock WebLLM libraries announce during a prefill of four tokens and
 * one decode step, recorded without weights (libraries of the v0_2_48 family,
 * vocabulary set to 512).
 *
 * `announcements/<model>.json.gz` holds {weights: [[name, dtype, shape]],
 * prefill, decode: [[kernel, ...args]]}; an argument is the number of a weight,
 * [buffer, dtype, shape], or null for anything else.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Announcement, Argument } from "./layer-finder.ts";

type PackedArgument = number | [number, string, number[]] | null;
type PackedCall = [string, ...PackedArgument[]];

interface Packed {
  readonly weights: readonly [string, string, (number | string)[]][];
  readonly prefill: readonly PackedCall[];
  readonly decode: readonly PackedCall[];
}

export type Recording = Readonly<Record<"prefill" | "decode", readonly Announcement[]>>;

export const recordings = {
  "Llama-3.2-1B-Instruct-q0f32": 16,
  "Llama-3.2-1B-Instruct-q0f16": 16,
  "Qwen2-0.5B-Instruct-q4f32_1": 24,
  "gemma-2-2b-it-q4f32_1": 26,
} as const;

export function recording(name: keyof typeof recordings): Recording {
  const bytes = gunzipSync(readFileSync(new URL(`announcements/${name}.json.gz`, import.meta.url)));
  const packed = JSON.parse(bytes.toString()) as Packed;
  // The vocabulary is the one size that these libraries leave open.
  const weights = packed.weights.map(([weight, , shape]) => ({ name: weight, shape: shape.map((size) => (typeof size === "number" ? size : 512)) }));
  const argument = (arg: PackedArgument): Argument => {
    if (arg === null) return null;
    if (typeof arg === "number") return { weight: weights[arg]! };
    return { buffer: arg[0], dtype: arg[1], shape: arg[2] };
  };
  const pass = (calls: readonly PackedCall[]): Announcement[] => calls.map(([kernel, ...args]) => ({ kernel, args: args.map(argument) }));
  return { prefill: pass(packed.prefill), decode: pass(packed.decode) };
}
