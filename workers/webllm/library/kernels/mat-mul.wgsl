// out = x Wᵀ (+ bias, or + residual) for n rows: what reading a prompt does.
// x [n, d_in], W [d_out, d_in], bias [d_out], residual and out [n, d_out]. Rows of W are
// plain, or MLC's q4: words of eight nibbles and a scale for each 32 columns,
// (nibble − 7) · scale; then d_in is a multiple of 32. Sums are float32. The head's
// logits are float32 always.
//
// A workgroup computes 32 rows × 64 columns of out with 16 × 8 invocations of 4 × 4 each,
// 32 steps of d_in at a time from workgroup memory, where weights lie dequantised. Tiles
// lie step by step, one vec4 apart for neighbouring rows, so that neighbouring
// invocations read neighbouring banks.
//
// Bytes: each weight once for 32 rows, x once for 64 columns. Operations: 2 n d_in d_out.
// Limit: arithmetic from about 16 rows on; 12.5 KB of workgroup memory.
//
// @kernel mat_mul:
// @kernel mat_mul_bias: bias
// @kernel mat_mul_add: add
// @kernel mat_mul_q4: q4
// @kernel mat_mul_bias_q4: bias q4
// @kernel mat_mul_add_q4: add q4
// @kernel logits: head
// @kernel logits_q4: head q4
// @grid (d_out + 63) / 64, (n + 31) / 32
@group(0) @binding(#) var<storage, read> x: array<Elem4>;
// @if q4
@group(0) @binding(#) var<storage, read> q_weight: array<u32>;
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

struct Params { n: i32, d_in: i32, d_out: i32, grid: u32 }

const LANES: u32 = 128u;
const ROWS: u32 = 32u;
const COLUMNS: u32 = 64u;
// vec4s of d_in in a tile.
const DEPTH: u32 = 8u;
// One more than the rows of the tile, against bank conflicts of the writes.
const X_STEP: u32 = 33u;
const W_STEP: u32 = 65u;
var<workgroup> x_tile: array<vec4<f32>, 264>;
var<workgroup> w_tile: array<vec4<f32>, 520>;

// @if q4
// @else
fn weight_at(row: u32, k: u32, d_in: u32) -> f32 {
  let i = row * d_in + k;
  return select(0.0, f32(weight[i / 4u][i % 4u]), k < d_in);
}
fn weight4(row: u32, k4: u32, d_in: u32) -> vec4<f32> {
  if (row >= u32(params.d_out) || 4u * k4 >= d_in) { return vec4<f32>(0.0); }
  if (d_in % 4u == 0u) { return vec4<f32>(weight[row * (d_in / 4u) + k4]); }
  let k = 4u * k4;
  return vec4<f32>(weight_at(row, k, d_in), weight_at(row, k + 1u, d_in), weight_at(row, k + 2u, d_in), weight_at(row, k + 3u, d_in));
}
// @end
fn x_at(row: u32, k: u32, d_in: u32) -> f32 {
  let i = row * d_in + k;
  return select(0.0, f32(x[i / 4u][i % 4u]), k < d_in);
}
fn x4(row: u32, k4: u32, d_in: u32) -> vec4<f32> {
  if (row >= u32(params.n) || 4u * k4 >= d_in) { return vec4<f32>(0.0); }
  if (d_in % 4u == 0u) { return vec4<f32>(x[row * (d_in / 4u) + k4]); }
  let k = 4u * k4;
  return vec4<f32>(x_at(row, k, d_in), x_at(row, k + 1u, d_in), x_at(row, k + 2u, d_in), x_at(row, k + 3u, d_in));
}

fn dots(a: vec4<f32>, b0: vec4<f32>, b1: vec4<f32>, b2: vec4<f32>, b3: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(dot(a, b0), dot(a, b1), dot(a, b2), dot(a, b3));
}

fn store(row: u32, column: u32, sum: f32) {
  let d_out = u32(params.d_out);
  if (row >= u32(params.n) || column >= d_out) { return; }
  let i = row * d_out + column;
  var total = sum;
  // @if bias
  total += f32(bias[column]);
  // @end
  // @if add
  total += f32(residual[i]);
  // @end
  // @if head
  out[i] = total;
  // @else
  out[i] = Elem(total);
  // @end
}
fn store4(row: u32, column: u32, sums: vec4<f32>) {
  store(row, column, sums.x);
  store(row, column + 16u, sums.y);
  store(row, column + 32u, sums.z);
  store(row, column + 48u, sums.w);
}

@compute @workgroup_size(16, 8)
fn mat_mul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let d_in = u32(params.d_in);
  let top = group.y * ROWS;
  let left = group.x * COLUMNS;
  var sum0 = vec4<f32>(0.0);
  var sum1 = vec4<f32>(0.0);
  var sum2 = vec4<f32>(0.0);
  var sum3 = vec4<f32>(0.0);
  for (var start = 0u; start < d_in; start += 4u * DEPTH) {
    for (var i = lane; i < ROWS * DEPTH; i += LANES) {
      x_tile[(i % DEPTH) * X_STEP + i / DEPTH] = x4(top + i / DEPTH, start / 4u + i % DEPTH, d_in);
    }
    // @if q4
    // A word each: two of the row's eight vec4s.
    for (var i = lane; i < COLUMNS * DEPTH / 2u; i += LANES) {
      let row = left + i / 4u;
      var word = 0u;
      var scale = 0.0;
      if (row < u32(params.d_out)) {
        word = q_weight[row * (d_in / 8u) + start / 8u + i % 4u];
        scale = f32(q_scale[row * (d_in / 32u) + start / 32u]);
      }
      let nibbles = vec4<u32>(word, word >> 4u, word >> 8u, word >> 12u);
      let to = (i % 4u) * 2u * W_STEP + i / 4u;
      w_tile[to] = (vec4<f32>(nibbles & vec4<u32>(15u)) - 7.0) * scale;
      w_tile[to + W_STEP] = (vec4<f32>((nibbles >> vec4<u32>(16u)) & vec4<u32>(15u)) - 7.0) * scale;
    }
    // @else
    for (var i = lane; i < COLUMNS * DEPTH; i += LANES) {
      w_tile[(i % DEPTH) * W_STEP + i / DEPTH] = weight4(left + i / DEPTH, start / 4u + i % DEPTH, d_in);
    }
    // @end
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let w = k * W_STEP + local.x;
      let b0 = w_tile[w];
      let b1 = w_tile[w + 16u];
      let b2 = w_tile[w + 32u];
      let b3 = w_tile[w + 48u];
      let a = k * X_STEP + local.y;
      sum0 += dots(x_tile[a], b0, b1, b2, b3);
      sum1 += dots(x_tile[a + 8u], b0, b1, b2, b3);
      sum2 += dots(x_tile[a + 16u], b0, b1, b2, b3);
      sum3 += dots(x_tile[a + 24u], b0, b1, b2, b3);
    }
    workgroupBarrier();
  }
  let row = top + local.y;
  let column = left + local.x;
  store4(row, column, sum0);
  store4(row + 8u, column, sum1);
  store4(row + 16u, column, sum2);
  store4(row + 24u, column, sum3);
}
