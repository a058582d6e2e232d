// out = W x (+ bias, or + residual) for one row: what decoding does.
// x [d_in], W [d_out, d_in], bias, residual and out [d_out]. Rows of W are plain, or
// MLC's q4: words of eight nibbles and a scale for each 32 columns, (nibble − 7) · scale;
// then d_in is a multiple of 32. Sums are float32. The head's logits are float32 always.
//
// A workgroup computes 16 outputs with 16 × 4 invocations: 16 share a row's columns, so
// that they read 256 bytes in a stretch, and each sums four rows, so that a piece of x is
// read once for four and four loads of weights are under way at a time.
//
// Bytes: each weight once, d_out · d_in · (4, 2 or ⅝ … 9/16); x comes from the cache.
// Operations: 2 per weight. Limit: memory bandwidth.
//
// @kernel mat_vec:
// @kernel mat_vec_bias: bias
// @kernel mat_vec_add: add
// @kernel mat_vec_q4: q4
// @kernel mat_vec_bias_q4: bias q4
// @kernel mat_vec_add_q4: add q4
// @kernel logits_vec: head
// @kernel logits_vec_q4: head q4
// @grid (d_out + 15) / 16, 1
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

const LANES: u32 = 16u;
const QUADS: u32 = 4u;
var<workgroup> partial: array<vec4<f32>, 64>;

// @if q4
// Eight weights, without their scale, times eight values.
fn word_dot(word: u32, low: vec4<f32>, high: vec4<f32>) -> f32 {
  let nibbles = vec4<u32>(word, word >> 4u, word >> 8u, word >> 12u);
  return dot(vec4<f32>(nibbles & vec4<u32>(15u)) - 7.0, low) + dot(vec4<f32>((nibbles >> vec4<u32>(16u)) & vec4<u32>(15u)) - 7.0, high);
}
// @else
fn weight_at(i: u32) -> f32 { return f32(weight[i / 4u][i % 4u]); }
// @end

@compute @workgroup_size(LANES, QUADS)
fn mat_vec(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let d_in = u32(params.d_in);
  let d_out = u32(params.d_out);
  let lane = local.x;
  let first = (group.x * QUADS + local.y) * 4u;
  // Rows past the end read the last one; their sums are dropped.
  let rows = min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(d_out - 1u));
  var sum = vec4<f32>(0.0);
  // @if q4
  let groups = d_in / 32u;
  let row = rows * groups;
  for (var g = lane; g < groups; g += LANES) {
    let a = q_weight[row.x + g];
    let b = q_weight[row.y + g];
    let c = q_weight[row.z + g];
    let d = q_weight[row.w + g];
    var low = vec4<f32>(x[8u * g]);
    var high = vec4<f32>(x[8u * g + 1u]);
    var part = vec4<f32>(word_dot(a.x, low, high), word_dot(b.x, low, high), word_dot(c.x, low, high), word_dot(d.x, low, high));
    low = vec4<f32>(x[8u * g + 2u]);
    high = vec4<f32>(x[8u * g + 3u]);
    part += vec4<f32>(word_dot(a.y, low, high), word_dot(b.y, low, high), word_dot(c.y, low, high), word_dot(d.y, low, high));
    low = vec4<f32>(x[8u * g + 4u]);
    high = vec4<f32>(x[8u * g + 5u]);
    part += vec4<f32>(word_dot(a.z, low, high), word_dot(b.z, low, high), word_dot(c.z, low, high), word_dot(d.z, low, high));
    low = vec4<f32>(x[8u * g + 6u]);
    high = vec4<f32>(x[8u * g + 7u]);
    part += vec4<f32>(word_dot(a.w, low, high), word_dot(b.w, low, high), word_dot(c.w, low, high), word_dot(d.w, low, high));
    sum += part * vec4<f32>(f32(q_scale[row.x + g]), f32(q_scale[row.y + g]), f32(q_scale[row.z + g]), f32(q_scale[row.w + g]));
  }
  // @else
  if (d_in % 4u == 0u) {
    let row = rows * (d_in / 4u);
    for (var k = lane; k < d_in / 4u; k += LANES) {
      let v = vec4<f32>(x[k]);
      sum += vec4<f32>(dot(v, vec4<f32>(weight[row.x + k])), dot(v, vec4<f32>(weight[row.y + k])), dot(v, vec4<f32>(weight[row.z + k])), dot(v, vec4<f32>(weight[row.w + k])));
    }
  } else {
    let row = rows * d_in;
    for (var k = lane; k < d_in; k += LANES) {
      sum += f32(x[k / 4u][k % 4u]) * vec4<f32>(weight_at(row.x + k), weight_at(row.y + k), weight_at(row.z + k), weight_at(row.w + k));
    }
  }
  // @end
  let own = local.y * LANES;
  partial[own + lane] = sum;
  workgroupBarrier();
  let column = first + lane;
  if (lane < 4u && column < d_out) {
    var total = 0.0;
    for (var i = 0u; i < LANES; i++) { total += partial[own + i][lane]; }
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
}
