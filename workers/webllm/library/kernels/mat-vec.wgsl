// out = W x (+ bias, or + residual) for one row: what decoding does.
// x [d_in], W [d_out, d_in], bias, residual and out [d_out]. Rows of W are plain, or
// MLC's q4: words of eight nibbles and a scale for each 32 columns, (nibble − 7) · scale;
// then d_in is a multiple of 32. Sums are float32. The head's logits are float32 always.
//
// A workgroup computes 64 outputs with 4 × 8 invocations: four share a row's columns, and
// read 64 bytes of it in a stretch; each sums eight rows, so that a piece of x is read
// once for eight, and eight loads of weights are under way at a time. More invocations
// for an output would fill a large GPU sooner; fewer cost a processor that plays the GPU
// less, since what it pays for is invocations that wait for each other. This is the most
// at which it is no slower than a plain kernel (16 × 4 rows: 2.5 times as slow; 8 × 8: 1.05).
//
// Bytes: each weight once, d_out · d_in · 4 (float16: 2; q4: 0.625 with float32 scales,
// 0.5625 with float16); x comes from the cache. Operations: 2 a weight, q4 about 6.
// Limit: memory bandwidth.
//
// @kernel mat_vec:
// @kernel mat_vec_bias: bias
// @kernel mat_vec_add: add
// @kernel mat_vec_q4: q4
// @kernel mat_vec_bias_q4: bias q4
// @kernel mat_vec_add_q4: add q4
// @kernel logits_vec: head
// @kernel logits_vec_q4: head q4
// @grid (d_out + 63) / 64, 1
@group(0) @binding(#) var<storage, read> x: array<Elem4>;
// @if q4
@group(0) @binding(#) var<storage, read> q_weight: array<vec4<u32>>;
@group(0) @binding(#) var<storage, read> q_scale: array<Elem>;
// @else
@group(0) @binding(#) var<storage, read> weight: array<Elem4>;
// @end
// @if bias
@group(0) @binding(#) var<storage, read> bias: array<Elem>;
// @end
// @if add
@group(0) @binding(#) var<storage, read> residual: array<Elem>;
// @end
// @if head
@group(0) @binding(#) var<storage, read_write> out: array<f32>;
// @else
@group(0) @binding(#) var<storage, read_write> out: array<Elem>;
// @end
@group(0) @binding(#) var<uniform> params: Params;

struct Params { d_in: i32, d_out: i32, grid: u32 }

const LANES: u32 = 4u;
const TEAMS: u32 = 8u;
var<workgroup> low_partial: array<vec4<f32>, 32>;
var<workgroup> high_partial: array<vec4<f32>, 32>;

// @if q4
// Eight weights, without their scale, times eight values.
fn word_dot(word: u32, a: vec4<f32>, b: vec4<f32>) -> f32 {
  let nibbles = vec4<u32>(word, word >> 4u, word >> 8u, word >> 12u);
  return dot(vec4<f32>(nibbles & vec4<u32>(15u)) - 7.0, a) + dot(vec4<f32>((nibbles >> vec4<u32>(16u)) & vec4<u32>(15u)) - 7.0, b);
}
fn word_dots(words: vec4<u32>, a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(word_dot(words.x, a, b), word_dot(words.y, a, b), word_dot(words.z, a, b), word_dot(words.w, a, b));
}
// Group g of four rows (their first groups are `rows`) times 32 values.
fn dots(rows: vec4<u32>, g: u32) -> vec4<f32> {
  let at = rows + g;
  let a = q_weight[at.x];
  let b = q_weight[at.y];
  let c = q_weight[at.z];
  let d = q_weight[at.w];
  let k = 8u * g;
  let sum = word_dots(vec4<u32>(a.x, b.x, c.x, d.x), vec4<f32>(x[k]), vec4<f32>(x[k + 1u]))
    + word_dots(vec4<u32>(a.y, b.y, c.y, d.y), vec4<f32>(x[k + 2u]), vec4<f32>(x[k + 3u]))
    + word_dots(vec4<u32>(a.z, b.z, c.z, d.z), vec4<f32>(x[k + 4u]), vec4<f32>(x[k + 5u]))
    + word_dots(vec4<u32>(a.w, b.w, c.w, d.w), vec4<f32>(x[k + 6u]), vec4<f32>(x[k + 7u]));
  return sum * vec4<f32>(f32(q_scale[at.x]), f32(q_scale[at.y]), f32(q_scale[at.z]), f32(q_scale[at.w]));
}
// @else
// Column quad k of four rows (their first quads are `rows`) times four values.
fn dots(rows: vec4<u32>, k: u32, v: vec4<f32>) -> vec4<f32> {
  let at = rows + k;
  return vec4<f32>(dot(v, vec4<f32>(weight[at.x])), dot(v, vec4<f32>(weight[at.y])), dot(v, vec4<f32>(weight[at.z])), dot(v, vec4<f32>(weight[at.w])));
}
fn weight_at(i: u32) -> f32 { return f32(weight[i / 4u][i % 4u]); }
// One column of four rows, where rows do not begin with a whole quad.
fn column_of(rows: vec4<u32>, k: u32) -> vec4<f32> {
  let at = rows + k;
  return vec4<f32>(weight_at(at.x), weight_at(at.y), weight_at(at.z), weight_at(at.w));
}
// @end

fn store(column: u32, sum: f32) {
  if (column >= u32(params.d_out)) { return; }
  var total = sum;
  // @if bias
  total += f32(bias[column]);
  // @end
  // @if add
  total += f32(residual[column]);
  // @end
  // @if head
  out[column] = total;
  // @else
  out[column] = Elem(total);
  // @end
}
fn store4(column: u32, sums: vec4<f32>) {
  store(column, sums.x);
  store(column + 1u, sums.y);
  store(column + 2u, sums.z);
  store(column + 3u, sums.w);
}

@compute @workgroup_size(LANES, TEAMS)
fn mat_vec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let d_in = u32(params.d_in);
  let lane = local.x;
  let first = (group.x * TEAMS + local.y) * 8u;
  // Rows past the end read the last one; their sums are dropped.
  let last = vec4<u32>(u32(params.d_out) - 1u);
  let four = vec4<u32>(first, first + 1u, first + 2u, first + 3u);
  let low = min(four, last);
  let high = min(four + 4u, last);
  var low_sum = vec4<f32>(0.0);
  var high_sum = vec4<f32>(0.0);
  // @if q4
  let groups = d_in / 32u;
  for (var g = lane; g < groups; g += LANES) {
    low_sum += dots(low * groups, g);
    high_sum += dots(high * groups, g);
  }
  // @else
  if (d_in % 4u == 0u) {
    let quads = d_in / 4u;
    for (var k = lane; k < quads; k += LANES) {
      let v = vec4<f32>(x[k]);
      low_sum += dots(low * quads, k, v);
      high_sum += dots(high * quads, k, v);
    }
  } else {
    for (var k = lane; k < d_in; k += LANES) {
      let v = f32(x[k / 4u][k % 4u]);
      low_sum += v * column_of(low * d_in, k);
      high_sum += v * column_of(high * d_in, k);
    }
  }
  // @end
  let own = local.y * LANES;
  low_partial[own + lane] = low_sum;
  high_partial[own + lane] = high_sum;
  workgroupBarrier();
  if (lane == 0u) {
    var sum = vec4<f32>(0.0);
    for (var i = 0u; i < LANES; i++) { sum += low_partial[own + i]; }
    store4(first, sum);
  } else if (lane == 1u) {
    var sum = vec4<f32>(0.0);
    for (var i = 0u; i < LANES; i++) { sum += high_partial[own + i]; }
    store4(first + 4u, sum);
  }
}
