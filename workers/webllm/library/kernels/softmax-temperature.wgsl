// out = softmax(logits / temperature) of each row. logits and out [n, v], temperature [n].
//
// A workgroup of 256 takes a row. Largest value and sum come from one pass (online:
// Milakov & Gimelshein 2018, arXiv:1805.02867), in which each invocation has four
// loads under way at a time.
//
// Bytes: logits twice, out once: 12 v. Operations: three exponentials a number.
// Limit: latency and bandwidth of one workgroup.
//
// @kernel softmax_temperature:
// @grid n, 1
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> temperature: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

struct Params { n: i32, v: i32, grid: u32 }

const LANES: u32 = 256u;
var<workgroup> tops: array<f32, LANES>;
var<workgroup> sums: array<f32, LANES>;

// Far below, the product may overflow; from −200 on, the exponential is 0 in float32.
fn weigh(difference: vec4<f32>, scale: f32) -> vec4<f32> { return exp(max(difference * scale, vec4<f32>(-200.0))); }

@compute @workgroup_size(LANES)
fn softmax_temperature(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let v = u32(params.v);
  let row = group.x * v;
  let scale = 1.0 / temperature[group.x];
  var top = -3.4028234663852886e38;
  var sum = 0.0;
  for (var i = lane; i < v; i += 4u * LANES) {
    let at = vec4<u32>(i, i + LANES, i + 2u * LANES, i + 3u * LANES);
    // Past the end, the last again, which does not count.
    let from_row = row + min(at, vec4<u32>(v - 1u));
    let four = vec4<f32>(logits[from_row.x], logits[from_row.y], logits[from_row.z], logits[from_row.w]);
    let new_top = max(top, max(max(four.x, four.y), max(four.z, four.w)));
    let weights = select(vec4<f32>(0.0), weigh(four - new_top, scale), at < vec4<u32>(v));
    sum = sum * weigh(vec4<f32>(top - new_top), scale).x + dot(weights, vec4<f32>(1.0));
    top = new_top;
  }
  tops[lane] = top;
  sums[lane] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      let other = tops[lane + half];
      let new_top = max(tops[lane], other);
      let shrinks = weigh(vec4<f32>(tops[lane], other, new_top, new_top) - new_top, scale);
      sums[lane] = sums[lane] * shrinks.x + sums[lane + half] * shrinks.y;
      tops[lane] = new_top;
    }
  }
  workgroupBarrier();
  top = tops[0];
  let share = 1.0 / sums[0];
  for (var i = lane; i < v; i += LANES) { out[row + i] = weigh(vec4<f32>(logits[row + i] - top), scale).x * share; }
}
