// RMSNorm of each row: out = x / √(mean(x²) + EPS) · weight; the sum is float32.
// x and out [n, d], weight [d]. A workgroup of 64 takes a row, in stretches of 64 numbers.
//
// Bytes: x twice (the second time from the cache), weight and out once.
// Operations: 4 a number. Limit: launch latency, and of long rows bandwidth.
//
// @kernel rms_norm:
// @grid n, 1
@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read> weight: array<Elem>;
@group(0) @binding(2) var<storage, read_write> out: array<Elem>;
@group(0) @binding(3) var<uniform> params: Params;

struct Params { n: i32, d: i32, grid: u32 }

const LANES: u32 = 64u;
var<workgroup> partial: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let d = u32(params.d);
  let row = group.x * d;
  var own = 0.0;
  for (var i = lane; i < d; i += LANES) {
    let v = f32(x[row + i]);
    own += v * v;
  }
  // The sum of all, in two steps of eight.
  partial[lane] = own;
  workgroupBarrier();
  if (lane < 8u) {
    for (var i = lane + 8u; i < LANES; i += 8u) { partial[lane] += partial[i]; }
  }
  workgroupBarrier();
  var sum = partial[0];
  for (var i = 1u; i < 8u; i++) { sum += partial[i]; }
  let scale = inverseSqrt(sum / f32(d) + EPS);
  for (var i = lane; i < d; i += LANES) { out[row + i] = Elem(f32(x[row + i]) * scale * f32(weight[i])); }
}
