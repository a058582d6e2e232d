// Causal attention of many rows over the cache: out = softmax(q Kᵀ / √HEAD_DIM) V,
// where row r sees the keys 0 … position + r. What reading a prompt does.
// Bindings and sizes as in attention.
//
// A workgroup of HEAD_DIM takes 16 rows of a head. Keys and then values come to
// workgroup memory in turn, 32 at a time (8 where HEAD_DIM
// is above 128); an invocation computes the scores of four rows with a key, then four
// columns of four rows of the output. Softmax is online (Milakov & Gimelshein 2018, arXiv:1805.02867).
//
// Bytes: keys and values once for 16 rows. Operations: 4 · keys · HEAD_DIM for a row.
// Limit: arithmetic; at most 29 KB of workgroup memory.
//
// @kernel attention_tile:
// @grid nh, (n + 15) / 16
@group(0) @binding(0) var<storage, read> qkv: array<Elem4>;
@group(0) @binding(1) var<storage, read> k_cache: array<Elem4>;
@group(0) @binding(2) var<storage, read> v_cache: array<Elem4>;
@group(0) @binding(3) var<storage, read_write> out: array<Elem4>;
@group(0) @binding(4) var<uniform> params: Params;

struct Params { n: i32, nh: i32, nkv: i32, position: i32, grid: u32 }

const LANES: u32 = HEAD_DIM;
const ROWS: u32 = 16u;
const KEYS: u32 = select(32u, 8u, HEAD_DIM > 128u);
// vec4s of a head, and one more, against bank conflicts.
const WIDTH: u32 = HEAD_DIM / 4u;
const STEP: u32 = WIDTH + 1u;
var<workgroup> queries: array<vec4<f32>, ROWS * WIDTH>;
var<workgroup> tile: array<vec4<f32>, KEYS * STEP>;
// By key, four rows at a time.
var<workgroup> scores: array<vec4<f32>, KEYS * 4u>;
var<workgroup> weights: array<vec4<f32>, KEYS * 4u>;

@compute @workgroup_size(LANES)
fn attention_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let n = u32(params.n);
  let nh = u32(params.nh);
  let nkv = u32(params.nkv);
  let position = u32(params.position);
  let first = group.y * ROWS;
  let keys = position + min(n, first + ROWS);
  let step = nkv * WIDTH;
  let head = (group.x / (nh / nkv)) * WIDTH;
  for (var i = lane; i < ROWS * WIDTH; i += LANES) {
    // Rows past the end repeat the last; nothing comes of them.
    let row = min(first + i / WIDTH, n - 1u);
    queries[i] = vec4<f32>(qkv[(row * (nh + 2u * nkv) + group.x) * WIDTH + i % WIDTH]) * inverseSqrt(f32(HEAD_DIM));
  }
  let column = lane % WIDTH;
  let quad = lane / WIDTH;
  var top = vec4<f32>(-3.0e38);
  var total = vec4<f32>(0.0);
  var sum0 = vec4<f32>(0.0);
  var sum1 = vec4<f32>(0.0);
  var sum2 = vec4<f32>(0.0);
  var sum3 = vec4<f32>(0.0);
  for (var start = 0u; start < keys; start += KEYS) {
    for (var i = lane; i < KEYS * WIDTH; i += LANES) {
      var key = vec4<f32>(0.0);
      if (start + i / WIDTH < keys) { key = vec4<f32>(k_cache[(start + i / WIDTH) * step + head + i % WIDTH]); }
      tile[(i / WIDTH) * STEP + i % WIDTH] = key;
    }
    workgroupBarrier();
    for (var i = lane; i < KEYS * 4u; i += LANES) {
      let key = i % KEYS;
      let rows = 4u * (i / KEYS);
      var score = vec4<f32>(0.0);
      for (var k = 0u; k < WIDTH; k++) {
        let v = tile[key * STEP + k];
        let q = rows * WIDTH + k;
        score += vec4<f32>(dot(queries[q], v), dot(queries[q + WIDTH], v), dot(queries[q + 2u * WIDTH], v), dot(queries[q + 3u * WIDTH], v));
      }
      let last = vec4<u32>(position + first + rows) + vec4<u32>(0u, 1u, 2u, 3u);
      scores[key * 4u + i / KEYS] = select(vec4<f32>(-3.0e38), score, vec4<u32>(start + key) <= last);
    }
    workgroupBarrier();
    var new_top = top;
    for (var t = 0u; t < KEYS; t++) { new_top = max(new_top, scores[t * 4u + quad]); }
    let shrink = exp(top - new_top);
    for (var t = column; t < KEYS; t += WIDTH) { weights[t * 4u + quad] = exp(scores[t * 4u + quad] - new_top); }
    for (var i = lane; i < KEYS * WIDTH; i += LANES) {
      var value = vec4<f32>(0.0);
      if (start + i / WIDTH < keys) { value = vec4<f32>(v_cache[(start + i / WIDTH) * step + head + i % WIDTH]); }
      tile[(i / WIDTH) * STEP + i % WIDTH] = value;
    }
    top = new_top;
    total *= shrink;
    sum0 *= shrink.x;
    sum1 *= shrink.y;
    sum2 *= shrink.z;
    sum3 *= shrink.w;
    workgroupBarrier();
    for (var t = 0u; t < KEYS; t++) {
      let weight = weights[t * 4u + quad];
      let value = tile[t * STEP + column];
      total += weight;
      sum0 += weight.x * value;
      sum1 += weight.y * value;
      sum2 += weight.z * value;
      sum3 += weight.w * value;
    }
    workgroupBarrier();
  }
  let row = first + 4u * quad;
  let to = (row * nh + group.x) * WIDTH + column;
  let next = nh * WIDTH;
  if (row < n) { out[to] = Elem4(sum0 / total.x); }
  if (row + 1u < n) { out[to + next] = Elem4(sum1 / total.y); }
  if (row + 2u < n) { out[to + 2u * next] = Elem4(sum2 / total.z); }
  if (row + 3u < n) { out[to + 3u * next] = Elem4(sum3 / total.w); }
}
