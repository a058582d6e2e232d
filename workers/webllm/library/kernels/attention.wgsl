// Causal attention of single rows over the cache: out = softmax(q Kᵀ / √HEAD_DIM) V,
// where row r sees the keys 0 … position + r. What decoding does; a prompt's rows go
// to attention_tile, which reads the cache once for 16 of them.
// qkv [n, nh + 2 nkv, HEAD_DIM], turned; k_cache, v_cache [capacity, nkv, HEAD_DIM];
// out [n, nh, HEAD_DIM]. HEAD_DIM is a multiple of 4, at most 256.
//
// A workgroup of 64 takes a head of a row, 512 keys at a time (online softmax: Milakov
// & Gimelshein 2018, arXiv:1805.02867): first an invocation has a key, then four
// columns of V and every SLICES-th key; the slices are added up at the end.
//
// Bytes: the keys and values of the head once, 2 · 4 · keys · HEAD_DIM (float32), shared
// through the cache by the heads of a group. Operations: 4 · keys · HEAD_DIM, two a number read.
// Limit: bandwidth of nh workgroups; short contexts, launch latency.
//
// @kernel attention:
// @grid nh, n
@group(0) @binding(0) var<storage, read> qkv: array<Elem4>;
@group(0) @binding(1) var<storage, read> k_cache: array<Elem4>;
@group(0) @binding(2) var<storage, read> v_cache: array<Elem4>;
@group(0) @binding(3) var<storage, read_write> out: array<Elem4>;
@group(0) @binding(4) var<uniform> params: Params;

struct Params { n: i32, nh: i32, nkv: i32, position: i32, grid: u32 }

const LANES: u32 = 64u;
const KEYS: u32 = 512u;
// vec4s of a head.
const WIDTH: u32 = HEAD_DIM / 4u;
// So many invocations share the columns of V, each with its own keys.
const SLICES: u32 = LANES / WIDTH;
var<workgroup> query: array<vec4<f32>, WIDTH>;
var<workgroup> weights: array<f32, KEYS>;
var<workgroup> partial: array<f32, LANES>;
var<workgroup> sums: array<vec4<f32>, LANES>;

// Over all 64 invocations, in two steps of eight; every invocation gets it.
fn max_of_all(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  if (lane < 8u) {
    for (var i = lane + 8u; i < LANES; i += 8u) { partial[lane] = max(partial[lane], partial[i]); }
  }
  workgroupBarrier();
  var top = partial[0];
  for (var i = 1u; i < 8u; i++) { top = max(top, partial[i]); }
  workgroupBarrier();
  return top;
}
fn sum_of_all(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  if (lane < 8u) {
    for (var i = lane + 8u; i < LANES; i += 8u) { partial[lane] += partial[i]; }
  }
  workgroupBarrier();
  var sum = partial[0];
  for (var i = 1u; i < 8u; i++) { sum += partial[i]; }
  return sum;
}

@compute @workgroup_size(LANES)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let nh = u32(params.nh);
  let nkv = u32(params.nkv);
  let keys = u32(params.position) + group.y + 1u;
  let step = nkv * WIDTH;
  let head = (group.x / (nh / nkv)) * WIDTH;
  if (lane < WIDTH) { query[lane] = vec4<f32>(qkv[(group.y * (nh + 2u * nkv) + group.x) * WIDTH + lane]) * inverseSqrt(f32(HEAD_DIM)); }
  workgroupBarrier();
  let column = lane % WIDTH;
  let slice = lane / WIDTH;
  var top = -3.0e38;
  var total = 0.0;
  var sum = vec4<f32>(0.0);
  for (var start = 0u; start < keys; start += KEYS) {
    let count = min(KEYS, keys - start);
    var own_top = -3.0e38;
    for (var t = lane; t < count; t += LANES) {
      let key = (start + t) * step + head;
      var score = 0.0;
      for (var i = 0u; i < WIDTH; i++) { score += dot(query[i], vec4<f32>(k_cache[key + i])); }
      weights[t] = score;
      own_top = max(own_top, score);
    }
    let new_top = max(top, max_of_all(own_top, lane));
    var own_total = 0.0;
    for (var t = lane; t < count; t += LANES) {
      let weight = exp(weights[t] - new_top);
      weights[t] = weight;
      own_total += weight;
    }
    let shrink = exp(top - new_top);
    total = total * shrink + own_total;
    sum *= shrink;
    top = new_top;
    workgroupBarrier();
    if (slice < SLICES) {
      for (var t = slice; t < count; t += SLICES) { sum += weights[t] * vec4<f32>(v_cache[(start + t) * step + head + column]); }
    }
    workgroupBarrier();
  }
  sums[lane] = sum;
  total = sum_of_all(total, lane);
  if (slice == 0u) {
    for (var i = 1u; i < SLICES; i++) { sum += sums[i * WIDTH + column]; }
    out[(group.y * nh + group.x) * WIDTH + column] = Elem4(sum / total);
  }
}
