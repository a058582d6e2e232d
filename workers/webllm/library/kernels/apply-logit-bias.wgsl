// logits[pos2seq_id[i], token_ids[i]] += logit_bias[i]; entries must differ in place.
//
// Bytes: 20 an entry, 8 of them of the logit, read and written. Operations: an addition an
// entry, and 2 for its place. Limit: launch latency.
//
// @kernel apply_logit_bias:
// @grid (n_tokens + 63) / 64, 1
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read> pos2seq_id: array<i32>;
@group(0) @binding(2) var<storage, read> token_ids: array<i32>;
@group(0) @binding(3) var<storage, read> logit_bias: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

struct Params { v: i32, n_tokens: i32, grid: u32 }

@compute @workgroup_size(64)
fn apply_logit_bias(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= u32(params.n_tokens)) { return; }
  logits[pos2seq_id[id.x] * params.v + token_ids[id.x]] += logit_bias[id.x];
}
