/**
 * Every kernel of the model library on WebGPU, bound as WebLLM binds it,
 * against its definition in float64: sizes that divide nothing, one row and
 * many, grouped queries, later positions, both weight layouts.
 */
import { Random } from "../probes/random.ts";
import { expect, test as base } from "./fixtures.ts";
import { empty, emptyIndex, kernels, openGpu, prelude, type Gpu } from "./kernels/gpu.ts";
import * as reference from "./kernels/reference.ts";

const test = base.extend<{ gpu: Gpu }>({
  gpu: async ({ page, home }, use) => use(await openGpu(page, home)),
});

const random = new Random(20261124);
const normals = (length: number, scale = 1): Float32Array => Float32Array.from({ length }, () => scale * random.normal());
const integers = (length: number, below: number): Int32Array => Int32Array.from({ length }, () => Math.floor(random.uniform() * below));
/** Random words: every nibble from 0 to 15 occurs, which a quantizer would not write, but the layout means. */
const quantized = (rows: number, d: number): reference.Quantized => ({
  words: Uint32Array.from({ length: (rows * d) / 8 }, () => random.bits()),
  scales: Float32Array.from({ length: (rows * d) / 32 }, () => 0.02 + 0.1 * random.uniform()),
});

/** The largest difference over the largest value; infinite where a value is no number or was not written. */
function difference(got: ArrayLike<number> | undefined, expected: ArrayLike<number>): number {
  if (got?.length !== expected.length) throw new RangeError(`expected ${expected.length} numbers, got ${got?.length}`);
  let [most, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(got[i]! - expected[i]!);
    most = Math.max(most, Number.isNaN(error) ? Infinity : error);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return most / scale;
}
const close = (what: string, got: ArrayLike<number> | undefined, expected: ArrayLike<number>, most = 1e-5): void => expect(difference(got, expected), what).toBeLessThan(most);

test("every kernel converts each value between Elem and float32 itself, as float16 needs it", async ({ gpu }) => {
  // With an Elem that converts to nothing implicitly, a forgotten conversion does not compile, on adapters without float16 too.
  for (const { name, code } of kernels.values()) expect(await gpu.compile(prelude({ headDim: 64, epsilon: 1e-5, elem: "i32" }) + code), name).toEqual([]);
});

const rowCounts = [1, 3, 16, 17, 40];
for (const [kind, sizes] of [
  ["plain", [[96, 80], [33, 7], [130, 65], [384, 256], [31, 1]]],
  ["q4", [[96, 80], [32, 7], [160, 65], [384, 256], [2048, 20]]],
] as const) {
  test(`matrix products with ${kind} weights`, async ({ gpu }) => {
    for (const [dIn, dOut] of sizes) {
      const quants = quantized(dOut, dIn - (dIn % 32));
      const weight = kind === "q4" ? reference.dequantize(quants) : normals(dOut * dIn);
      const weights = kind === "q4" ? { q_weight: quants.words, q_scale: quants.scales } : { weight: Float32Array.from(weight) };
      const suffix = kind === "q4" ? "_q4" : "";
      const bias = normals(dOut);
      for (const n of rowCounts) {
        const x = normals(n * dIn);
        const residual = normals(n * dOut);
        const product = reference.matMul(x, weight, n, dIn, dOut);
        const plusBias = reference.matMul(x, weight, n, dIn, dOut, bias);
        const plusResidual = product.map((value, i) => value + residual[i]!);
        const many = { mat_mul: product, mat_mul_bias: plusBias, mat_mul_add: plusResidual, logits: product };
        const single = { mat_vec: product, mat_vec_bias: plusBias, mat_vec_add: plusResidual, logits_vec: product };
        const expected = new Map(Object.entries(n === 1 ? { ...many, ...single } : many));
        const outs = Object.fromEntries([...expected.keys()].map((name) => [name, empty(n * dOut)]));
        // Each kernel writes a buffer of its own name.
        const launches = [...expected.keys()].map((name) => ({ kernel: name + suffix, scalars: { n, d_in: dIn, d_out: dOut }, with: { out: name } }));
        const got = await gpu.run({ x, ...weights, bias, residual, ...outs }, launches, [...expected.keys()]);
        for (const [name, values] of expected) close(`${name}${suffix}, ${n} × ${dIn} → ${dOut}`, got[name], values);
      }
    }
  });
}

test("embedding rows, plain and q4, and one row of many", async ({ gpu }) => {
  for (const [v, d, n] of [[64, 96, 17], [1000, 32, 1], [7, 256, 40]] as const) {
    const ids = integers(n, v);
    const quants = quantized(v, d);
    const weight = normals(v * d);
    const scalars = { n, d };
    const { out } = await gpu.run({ ids, weight, out: empty(n * d) }, [{ kernel: "take", scalars }], ["out"]);
    expect([...(out ?? [])]).toEqual([...reference.take(ids, weight, d)]);
    const { out: out4 } = await gpu.run({ ids, q_weight: quants.words, q_scale: quants.scales, out: empty(n * d) }, [{ kernel: "take_q4", scalars }], ["out"]);
    close("take_q4", out4, reference.take(ids, reference.dequantize(quants), d), 1e-6);
  }
  const x = normals(5 * 33);
  const { out } = await gpu.run({ x, out: empty(33) }, [{ kernel: "take_row", scalars: { row: 3, d: 33 } }], ["out"]);
  expect(out).toEqual(x.slice(99, 132));
});

test("norms of rows and of heads", async ({ gpu }) => {
  for (const [n, d] of [[1, 96], [3, 33], [17, 384], [2, 1], [1, 2050]] as const) {
    const [x, weight] = [normals(n * d, 0.1), normals(d)];
    const { out } = await gpu.run({ x, weight, out: empty(n * d) }, [{ kernel: "rms_norm", scalars: { n, d } }], ["out"], { headDim: 64, epsilon: 1e-3 });
    close(`${n} × ${d}`, out, reference.rmsNorm(x, weight, d, 1e-3));
  }
  for (const [n, nh, nkv, headDim] of [[3, 4, 2, 32], [1, 7, 1, 80], [2, 2, 2, 256]] as const) {
    const qkv = normals(n * (nh + 2 * nkv) * headDim, 0.1);
    const [qNorm, kNorm] = [normals(headDim), normals(headDim)];
    const { qkv: out } = await gpu.run({ qkv, q_norm: qNorm, k_norm: kNorm }, [{ kernel: "head_norm", scalars: { n, nh, nkv } }], ["qkv"], { headDim, epsilon: 1e-3 });
    close(`heads of ${headDim}`, out, reference.headNorm(qkv, qNorm, kNorm, { n, nh, nkv, headDim }, 1e-3));
  }
});

/** n rows at a position of a cache with a few slots to spare; heads in groups of 1, 2 and 7; queries that spread the weights, or all but pick a key. */
const contexts = [
  { n: 1, position: 0, nh: 1, nkv: 1, headDim: 64, scale: 1 },
  { n: 1, position: 1100, nh: 2, nkv: 1, headDim: 64, scale: 12 },
  { n: 3, position: 300, nh: 2, nkv: 2, headDim: 64, scale: 1 },
  { n: 1, position: 16, nh: 7, nkv: 1, headDim: 32, scale: 1 },
  { n: 17, position: 0, nh: 4, nkv: 2, headDim: 32, scale: 12 },
  { n: 40, position: 5, nh: 2, nkv: 2, headDim: 80, scale: 1 },
  { n: 3, position: 130, nh: 14, nkv: 2, headDim: 128, scale: 1 },
  { n: 5, position: 90, nh: 2, nkv: 1, headDim: 256, scale: 1 },
];

test("rotary embedding, into the cache", async ({ gpu }) => {
  for (const { position, ...heads } of contexts) {
    const { n, nh, nkv, headDim } = heads;
    const capacity = position + n + 3;
    const qkv = normals(n * (nh + 2 * nkv) * headDim);
    const [kCache, vCache] = [normals(capacity * nkv * headDim), normals(capacity * nkv * headDim)];
    const freqs = Float32Array.from({ length: headDim / 2 }, (_, i) => 10000 ** ((-2 * i) / headDim));
    const got = await gpu.run({ qkv, k_cache: kCache, v_cache: vCache, freqs }, [{ kernel: "rope_append", scalars: { n, nh, nkv, position } }], ["qkv", "k_cache", "v_cache"], { headDim, epsilon: 1e-5 });
    const expected = reference.ropeAppend(qkv, kCache, vCache, freqs, heads, position);
    // A frequency is exact to 6e-8 in float32, so an angle of 300 to 2e-5.
    const what = JSON.stringify({ position, ...heads });
    close(`${what} queries`, got["qkv"], expected.qkv, 5e-5);
    close(`${what} keys`, got["k_cache"], expected.kCache, 5e-5);
    expect([...(got["v_cache"] ?? [])], what).toEqual([...expected.vCache]);
  }
});

test("attention", async ({ gpu }) => {
  for (const { position, scale, ...heads } of contexts) {
    const { n, nh, nkv, headDim } = heads;
    const capacity = position + n + 3;
    const qkv = normals(n * (nh + 2 * nkv) * headDim, scale);
    const [kCache, vCache] = [normals(capacity * nkv * headDim), normals(capacity * nkv * headDim)];
    // What lies behind the last row has not been written yet, and must not be read.
    kCache.fill(Number.NaN, (position + n) * nkv * headDim);
    vCache.fill(Number.NaN, (position + n) * nkv * headDim);
    const expected = reference.attention(qkv, kCache, vCache, heads, position);
    // Each kernel writes a buffer of its own name.
    const names = ["attention", "attention_tile"];
    const launches = names.map((kernel) => ({ kernel, scalars: { n, nh, nkv, position }, with: { out: kernel } }));
    const got = await gpu.run({ qkv, k_cache: kCache, v_cache: vCache, attention: empty(expected.length), attention_tile: empty(expected.length) }, launches, names, { headDim, epsilon: 1e-5 });
    for (const name of names) close(`${name} ${JSON.stringify({ position, scale, ...heads })}`, got[name], expected, 2e-5);
  }
});

test("the gated activation", async ({ gpu }) => {
  for (const [n, f] of [[1, 1], [3, 33], [17, 1024]] as const) {
    const gateUp = normals(n * 2 * f, 8);
    const { out } = await gpu.run({ gate_up: gateUp, out: empty(n * f) }, [{ kernel: "silu_gate", scalars: { n, f } }], ["out"]);
    close(`${n} × ${f}`, out, reference.siluGate(gateUp, n, f));
  }
});

test("softmax with a temperature", async ({ gpu }) => {
  for (const [v, temperature] of [[64, 1], [1000, 0.3], [2051, 1e-6], [1, 1]] as const) {
    const logits = normals(2 * v, 20);
    const { out } = await gpu.run({ logits, temperature: Float32Array.of(temperature, 1.7), out: empty(2 * v) }, [{ kernel: "softmax_temperature", scalars: { n: 2, v } }], ["out"]);
    const row = (i: number, by: number): number[] => [...reference.softmax(logits.slice(i * v, (i + 1) * v).map((logit) => Math.fround(logit / by)))];
    // The cold row all but picks the largest; a tie in float32 would share it, which random numbers do not have.
    close(`${v}, ${temperature}`, out?.slice(0, v), row(0, temperature), 2e-5);
    close(`${v}, 1.7`, out?.slice(v), row(1, 1.7), 2e-5);
  }
});

/** The launches that sort, as the library makes them: blocks, then merges between two pairs of buffers. */
function sorting(n: number, v: number): { launches: Parameters<Gpu["run"]>[1]; buffers: Record<string, Float32Array | Int32Array> } {
  const runs: number[] = [];
  for (let run = 1024; run < v; run *= 2) runs.push(run);
  const pairs: readonly [string, string][] = [["sorted", "index"], ["scratch", "scratch_index"]];
  // An even number of merges ends where it began.
  let [from, to] = (runs.length % 2 === 0 ? pairs : pairs.toReversed()) as [[string, string], [string, string]];
  const launches = [{ kernel: "argsort_blocks", scalars: { n, v }, with: { sorted: from[0], index: from[1] } as Record<string, string> }, ...runs.map((run) => {
    const names = { sorted: from[0], index: from[1], merged: to[0], merged_index: to[1] };
    [from, to] = [to, from];
    return { kernel: "argsort_merge", scalars: { n, v, run }, with: names };
  })];
  return { launches, buffers: { sorted: empty(n * v), index: emptyIndex(n * v), scratch: empty(n * v), scratch_index: emptyIndex(n * v) } };
}

test("sorting probabilities, with ties", async ({ gpu }) => {
  for (const v of [1, 64, 1000, 1024, 1025, 5000, 33_000]) {
    const n = v === 1000 || v === 5000 ? 2 : 1;
    // Few different values: ties everywhere, and zeros, which a vocabulary in falling order ends with.
    const probs = Float32Array.from({ length: n * v }, (_, i) => (i % 3 === 0 ? Math.fround(random.uniform()) : Math.floor(random.uniform() * 5) / 4));
    const { launches, buffers } = sorting(n, v);
    const { sorted, index } = await gpu.run({ probs, ...buffers }, launches, ["sorted", "index"]);
    for (let row = 0; row < n; row++) {
      const values = probs.slice(row * v, (row + 1) * v);
      const expected = reference.argsort(values);
      expect([...(index ?? [])].slice(row * v, (row + 1) * v), `${v} columns, row ${row}`).toEqual(expected);
      expect([...(sorted ?? [])].slice(row * v, (row + 1) * v)).toEqual(expected.map((column) => values[column]));
    }
  }
});

test("sampling by top-p", async ({ gpu }) => {
  const topPs = [1e-5, 0.5, 0.95, 1];
  const us = [0, 0.25, 0.7, 0.999];
  for (const v of [1, 64, 1000, 20_000]) {
    // A row for each top-p; four samples of each, the rows in turn.
    const rows = topPs.map((_, row) => {
      const probs = reference.softmax(normals(v, 1 + row));
      const columns = reference.argsort(probs);
      return { columns, sorted: Float32Array.from(columns, (column) => probs[column]!) };
    });
    const samples = us.flatMap((u) => topPs.map((topP, row) => ({ u, topP, row })));
    const buffers = {
      sorted: Float32Array.from(rows.flatMap(({ sorted }) => [...sorted])),
      index: Int32Array.from(rows.flatMap(({ columns }) => columns)),
      u: Float32Array.from(samples, ({ u }) => u),
      sample_index: Int32Array.from(samples, ({ row }) => row),
      top_p: Float32Array.from(topPs),
      out: emptyIndex(samples.length),
    };
    const { out } = await gpu.run(buffers, [{ kernel: "sample_top_p", scalars: { n: samples.length, v } }], ["out"]);
    samples.forEach(({ u, topP, row }, i) => {
      const { columns, sorted } = rows[row]!;
      const what = `${v} tokens, top-p ${topP}, u ${u}, got ${out?.[i]}`;
      const place = columns.indexOf(out?.[i] ?? -1);
      expect(place, what).toBeGreaterThanOrEqual(0);
      const total = reference.sumTopP(sorted, topP);
      const below = sorted.slice(0, place).reduce((sum, p) => sum + p, 0);
      // Sums in float32 may fall one token aside of a boundary: the mark lies within the token's share, widened by 1e-5.
      expect(u * total, what).toBeGreaterThanOrEqual(below - 1e-5);
      expect(u * total, what).toBeLessThanOrEqual(below + sorted[place]! + 1e-5);
      // Away from boundaries it is the one token of the definition.
      if (u * total > below + 1e-5 && u * total < below + sorted[place]! - 1e-5) expect(out?.[i], what).toBe(reference.sampleTopP(sorted, columns, u, topP));
    });
  }
});

test("bitmask, penalties and bias", async ({ gpu }) => {
  for (const v of [64, 1000]) {
    const logits = normals(2 * v, 5);
    const words = Math.ceil(v / 32);
    const bitmask = Uint32Array.from({ length: 2 * words }, () => random.bits());
    const { logits: masked } = await gpu.run({ logits, seq_ids: Int32Array.of(1), bitmask }, [{ kernel: "apply_bitmask", scalars: { n: 1, v } }], ["logits"]);
    const allowed = (i: number): boolean => i < v || ((bitmask[words + ((i - v) >> 5)]! >>> ((i - v) & 31)) & 1) === 1;
    expect([...(masked ?? [])]).toEqual([...logits].map((logit, i) => (allowed(i) ? logit : -3.4028234663852886e38)));

    const tokens = Int32Array.from({ length: 20 }, (_, i) => i * 3);
    const place = tokens.map((_, i) => i % 2);
    const counts = tokens.map((_, i) => 1 + (i % 4));
    const penalties = Float32Array.of(0.5, 0.25, 1.5, -0.5, 0.125, 0.75);
    const seqIds = Int32Array.of(1, 0);
    const expected = Float64Array.from(logits);
    tokens.forEach((token, i) => {
      const at = seqIds[place[i]!]! * v + token;
      const [presence, frequency, repetition] = penalties.slice(3 * place[i]!, 3 * place[i]! + 3) as unknown as [number, number, number];
      const lowered = logits[at]! - presence - counts[i]! * frequency;
      expected[at] = lowered < 0 ? lowered * repetition : lowered / repetition;
    });
    const { logits: penalised } = await gpu.run({ logits, seq_ids: seqIds, pos2seq_id: place, token_ids: tokens, token_cnt: counts, penalties }, [{ kernel: "apply_penalty", scalars: { v, n_tokens: tokens.length } }], ["logits"]);
    close("penalties", penalised, expected, 1e-6);

    const bias = normals(tokens.length, 3);
    const biased = Float64Array.from(logits);
    tokens.forEach((token, i) => (biased[place[i]! * v + token]! += bias[i]!));
    const { logits: got } = await gpu.run({ logits, pos2seq_id: place, token_ids: tokens, logit_bias: bias }, [{ kernel: "apply_logit_bias", scalars: { v, n_tokens: tokens.length } }], ["logits"]);
    close("bias", got, biased, 1e-6);
  }
});
