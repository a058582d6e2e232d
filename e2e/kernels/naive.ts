/**
 * The yardstick: kernels as one writes them first. A matrix product has an
 * invocation for each output, which reads a whole row of weights in vec4s; an
 * attention head has a workgroup for each query, whose invocations repeat the
 * softmax each for itself. The library's kernels must never be slower, not
 * even on a processor that plays the GPU.
 */
import { parseKernels, type Kernel } from "../../tools/model-library/glue.ts";

const matMul = `
// @kernel naive_mat_mul:
// @grid (d_out + 63) / 64, n
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;
struct Params { n: i32, d_in: i32, d_out: i32, adds: i32, row: i32, grid: u32 }
@compute @workgroup_size(64)
fn naive_mat_mul(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = i32(id.x);
  let row = i32(id.y);
  if (column >= params.d_out) { return; }
  let width = params.d_in / 4;
  var sum = vec4<f32>(0.0);
  for (var k = 0; k < width; k++) { sum += x[(row + params.row) * width + k] * weight[column * width + k]; }
  var total = sum.x + sum.y + sum.z + sum.w;
  let to = row * params.d_out + column;
  if (params.adds != 0) { total += out[to]; }
  out[to] = total;
}`;

const norm = `
// @kernel naive_norm:
// @grid n, 1
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;
struct Params { n: i32, d: i32, grid: u32 }
var<workgroup> partial: array<f32, 64>;
@compute @workgroup_size(64)
fn naive_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let base = i32(group.x) * params.d;
  var own = 0.0;
  for (var i = i32(lane); i < params.d; i += 64) { own += x[base + i] * x[base + i]; }
  partial[lane] = own;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0; i < 64; i++) { sum += partial[i]; }
  let scale = inverseSqrt(sum / f32(params.d) + EPS);
  for (var i = i32(lane); i < params.d; i += 64) { out[base + i] = x[base + i] * scale * weight[i]; }
}`;

const rope = `
// @kernel naive_rope:
// @grid (nh * 32 + 63) / 64, n
@group(0) @binding(0) var<storage, read_write> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> k_cache: array<f32>;
@group(0) @binding(4) var<storage, read_write> v_cache: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;
struct Params { n: i32, nh: i32, nkv: i32, position: i32, grid: u32 }
@compute @workgroup_size(64)
fn naive_rope(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = i32(id.y);
  let half = i32(HEAD_DIM) / 2;
  let head = i32(id.x) / half;
  let i = i32(id.x) % half;
  let angle = f32(params.position + row) * pow(10000.0, -f32(2 * i) / f32(HEAD_DIM));
  let c = cos(angle);
  let s = sin(angle);
  if (head < params.nh) {
    let at = (row * params.nh + head) * 2 * half + i;
    let a = q[at];
    let b = q[at + half];
    q[at] = a * c - b * s;
    q[at + half] = b * c + a * s;
  }
  if (head < params.nkv) {
    let at = (row * params.nkv + head) * 2 * half + i;
    let to = ((params.position + row) * params.nkv + head) * 2 * half + i;
    let a = k[at];
    let b = k[at + half];
    k_cache[to] = a * c - b * s;
    k_cache[to + half] = b * c + a * s;
    v_cache[to] = v[at];
    v_cache[to + half] = v[at + half];
  }
}`;

/** For heads of 64 only: an invocation for each column. */
const attention = `
// @kernel naive_attention:
// @grid nh, n
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k_cache: array<f32>;
@group(0) @binding(2) var<storage, read> v_cache: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;
struct Params { n: i32, nh: i32, nkv: i32, position: i32, grid: u32 }
var<workgroup> query: array<f32, 64>;
var<workgroup> scores: array<f32, 64>;
@compute @workgroup_size(64)
fn naive_attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = i32(group.x);
  let row = i32(group.y);
  let kv = head / (params.nh / params.nkv);
  let own = i32(lane);
  let base = (row * params.nh + head) * 64;
  query[lane] = q[base + own];
  workgroupBarrier();
  let keys = params.position + row + 1;
  var top = -1e30;
  var total = 0.0;
  var sum = 0.0;
  for (var start = 0; start < keys; start += 64) {
    var score = -1e30;
    if (start + own < keys) {
      score = 0.0;
      let at = ((start + own) * params.nkv + kv) * 64;
      for (var i = 0; i < 64; i++) { score += query[i] * k_cache[at + i]; }
      score *= 0.125;
    }
    scores[lane] = score;
    workgroupBarrier();
    let count = min(64, keys - start);
    var new_top = top;
    for (var t = 0; t < count; t++) { new_top = max(new_top, scores[t]); }
    let shrink = exp(top - new_top);
    sum *= shrink;
    total *= shrink;
    for (var t = 0; t < count; t++) {
      let weight = exp(scores[t] - new_top);
      total += weight;
      sum += weight * v_cache[((start + t) * params.nkv + kv) * 64 + own];
    }
    top = new_top;
    workgroupBarrier();
  }
  out[base + own] = sum / total;
}`;

const gate = `
// @kernel naive_gate:
// @grid (count + 63) / 64, 1
@group(0) @binding(0) var<storage, read_write> gate: array<f32>;
@group(0) @binding(1) var<storage, read> up: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
struct Params { count: i32, grid: u32 }
@compute @workgroup_size(64)
fn naive_gate(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  if (i < params.count) { gate[i] = gate[i] / (1.0 + exp(-gate[i])) * up[i]; }
}`;

const only = (name: string, text: string): Kernel => {
  const [kernel] = parseKernels(`${name}.wgsl`, text);
  if (kernel === undefined) throw new RangeError(`naive: expected a kernel in ${name}, got none`);
  return kernel;
};

export const naive = {
  matMul: only("naive-mat-mul", matMul),
  norm: only("naive-norm", norm),
  rope: only("naive-rope", rope),
  attention: only("naive-attention", attention),
  gate: only("naive-gate", gate),
};
