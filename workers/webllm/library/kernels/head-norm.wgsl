// Qwen3's RMSNorm of each query head and key head, in place; values stay.
// qkv [n, nh + 2 nkv, HEAD_DIM], q_norm and k_norm [HEAD_DIM].
// A workgroup of 64 takes a head of a row.
//
// Bytes: queries and keys read twice (the second time from the cache) and written once,
// 2 · 4 · n (nh + nkv) HEAD_DIM (float32). Operations: 4 a number. Limit: launch latency.
//
// @kernel head_norm:
// @grid nh + nkv, n
@group(0) @binding(0) var<storage, read_write> qkv: array<Elem>;
@group(0) @binding(1) var<storage, read> q_norm: array<Elem>;
@group(0) @binding(2) var<storage, read> k_norm: array<Elem>;
@group(0) @binding(3) var<uniform> params: Params;

struct Params { n: i32, nh: i32, nkv: i32, grid: u32 }

const LANES: u32 = 64u;
var<workgroup> partial: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn head_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let nh = u32(params.nh);
  let base = (group.y * (nh + 2u * u32(params.nkv)) + group.x) * HEAD_DIM;
  var own = 0.0;
  for (var i = lane; i < HEAD_DIM; i += LANES) {
    let v = f32(qkv[base + i]);
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
  let scale = inverseSqrt(sum / f32(HEAD_DIM) + EPS);
  for (var i = lane; i < HEAD_DIM; i += LANES) {
    let weight = select(f32(k_norm[i]), f32(q_norm[i]), group.x < nh);
    qkv[base + i] = Elem(f32(qkv[base + i]) * scale * weight);
  }
}
