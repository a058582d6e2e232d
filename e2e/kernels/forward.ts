/**
 * A forward pass of a Llama as launches, by the library's kernels and by naive
 * ones, to time the two against each other. Both read buffers of the same
 * names, so that the caches of the machine favour neither.
 */
import type { Launch } from "./gpu.ts";
import { naive } from "./naive.ts";

export interface Sizes {
  readonly v: number;
  readonly d: number;
  readonly layers: number;
  readonly nh: number;
  readonly nkv: number;
  readonly f: number;
  /** Slots of the cache. */
  readonly capacity: number;
}

/** Of naive.ts's attention; the library's takes any. */
export const headDim = 64;

export interface Forward {
  readonly launches: readonly Launch[];
  /** Numbers in each buffer, by name. */
  readonly buffers: ReadonlyMap<string, number>;
}

export type Style = "library" | "naive";

/** n tokens from a position on, with the logits of the last. */
export function forward(style: Style, { v, d, layers, nh, nkv, f, capacity }: Sizes, n: number, position: number): Forward {
  const [q, kv] = [nh * headDim, nkv * headDim];
  const buffers = new Map([
    ["embedding", v * d], ["ids", n], ["final_norm", d], ["freqs", headDim / 2],
    ["x", n * d], ["y", n * d], ["h", n * d], ["qkv", n * (q + 2 * kv)], ["q", n * q], ["k", n * kv], ["v", n * kv],
    ["heads", n * q], ["gate_up", n * 2 * f], ["gate", n * f], ["up", n * f], ["last", d], ["logits", v],
  ]);
  for (let l = 0; l < layers; l++) {
    const sizes = { norm1: d, norm2: d, qkv: (q + 2 * kv) * d, q: q * d, k: kv * d, v: kv * d, o: d * q, gate_up: 2 * f * d, gate: f * d, up: f * d, down: d * f, k_cache: capacity * kv, v_cache: capacity * kv };
    // Only what this style reads: the machine's memory is not the subject.
    const mine = style === "library" ? ["norm1", "norm2", "qkv", "o", "gate_up", "down", "k_cache", "v_cache"] : ["norm1", "norm2", "q", "k", "v", "o", "gate", "up", "down", "k_cache", "v_cache"];
    for (const [name, size] of Object.entries(sizes)) if (mine.includes(name)) buffers.set(`${style}.${l}.${name}`, size);
  }
  const take: Launch = { kernel: "take", scalars: { n, d }, with: { weight: "embedding", out: "x" } };
  const layersOf = style === "library" ? libraryLayer : naiveLayer;
  const sizes = { n, position, d, nh, nkv, f, q, kv };
  const body = Array.from({ length: layers }, (_, l) => layersOf((name) => `${style}.${l}.${name}`, sizes)).flat();
  return { launches: [take, ...body, ...head(style, n, d, v)], buffers };
}

type LayerSizes = Readonly<Record<"n" | "position" | "d" | "nh" | "nkv" | "f" | "q" | "kv", number>>;

function libraryLayer(own: (name: string) => string, { n, position, d, nh, nkv, f, q, kv }: LayerSizes): Launch[] {
  const product = (kind: "" | "_add", from: string, weight: string, to: string, dIn: number, dOut: number, residual = ""): Launch => ({
    kernel: (n === 1 ? "mat_vec" : "mat_mul") + kind,
    scalars: { n, d_in: dIn, d_out: dOut },
    with: { x: from, weight: own(weight), out: to, residual },
  });
  const caches = { k_cache: own("k_cache"), v_cache: own("v_cache") };
  return [
    { kernel: "rms_norm", scalars: { n, d }, with: { weight: own("norm1"), out: "h" } },
    product("", "h", "qkv", "qkv", d, q + 2 * kv),
    { kernel: "rope_append", scalars: { n, nh, nkv, position }, with: caches },
    { kernel: n === 1 ? "attention" : "attention_tile", scalars: { n, nh, nkv, position }, with: { ...caches, out: "heads" } },
    product("_add", "heads", "o", "y", q, d, "x"),
    { kernel: "rms_norm", scalars: { n, d }, with: { x: "y", weight: own("norm2"), out: "h" } },
    product("", "h", "gate_up", "gate_up", d, 2 * f),
    { kernel: "silu_gate", scalars: { n, f }, with: { out: "gate" } },
    product("_add", "gate", "down", "x", f, d, "y"),
  ];
}

function naiveLayer(own: (name: string) => string, { n, position, d, nh, nkv, f, q, kv }: LayerSizes): Launch[] {
  const product = (from: string, weight: string, to: string, dIn: number, dOut: number, adds = 0): Launch => ({
    kernel: naive.matMul,
    scalars: { n, d_in: dIn, d_out: dOut, adds, row: 0 },
    with: { x: from, weight: own(weight), out: to },
  });
  const caches = { k_cache: own("k_cache"), v_cache: own("v_cache") };
  return [
    { kernel: naive.norm, scalars: { n, d }, with: { weight: own("norm1"), out: "h" } },
    product("h", "q", "q", d, q),
    product("h", "k", "k", d, kv),
    product("h", "v", "v", d, kv),
    { kernel: naive.rope, scalars: { n, nh, nkv, position }, with: caches },
    { kernel: naive.attention, scalars: { n, nh, nkv, position }, with: { ...caches, out: "heads" } },
    product("heads", "o", "x", q, d, 1),
    { kernel: naive.norm, scalars: { n, d }, with: { weight: own("norm2"), out: "h" } },
    product("h", "gate", "gate", d, f),
    product("h", "up", "up", d, f),
    { kernel: naive.gate, scalars: { count: n * f } },
    product("gate", "down", "x", f, d, 1),
  ];
}

function head(style: Style, n: number, d: number, v: number): Launch[] {
  if (style === "naive") {
    return [
      { kernel: naive.norm, scalars: { n, d }, with: { weight: "final_norm", out: "h" } },
      { kernel: naive.matMul, scalars: { n: 1, d_in: d, d_out: v, adds: 0, row: n - 1 }, with: { x: "h", weight: "embedding", out: "logits" } },
    ];
  }
  return [
    { kernel: "take_row", scalars: { row: n - 1, d }, with: { out: "last" } },
    { kernel: "rms_norm", scalars: { n: 1, d }, with: { x: "last", weight: "final_norm", out: "h" } },
    { kernel: "logits_vec", scalars: { d_in: d, d_out: v }, with: { x: "h", weight: "embedding", out: "logits" } },
  ];
}
