// What a grammar forbids: logits[s, t] becomes the least float32 for each s of seq_ids
// and each token t whose bit is 0. logits [b, v], seq_ids [n], bitmask [b, ⌈v/32⌉].
//
// Bytes: v / 8 a sequence, and 4 for each token that is forbidden. Operations: about 6 of
// integers a token. Limit: launch latency.
//
// @kernel apply_bitmask:
// @grid (v + 255) / 256, n
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read> seq_ids: array<i32>;
@group(0) @binding(2) var<storage, read> bitmask: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

struct Params { n: i32, v: i32, grid: u32 }

@compute @workgroup_size(256)
fn apply_bitmask(@builtin(global_invocation_id) id: vec3<u32>) {
  let v = u32(params.v);
  if (id.x >= v) { return; }
  let sequence = u32(seq_ids[id.y]);
  let word = bitmask[sequence * ((v + 31u) / 32u) + id.x / 32u];
  if (((word >> (id.x % 32u)) & 1u) == 0u) { logits[sequence * v + id.x] = -3.4028234663852886e38; }
}
