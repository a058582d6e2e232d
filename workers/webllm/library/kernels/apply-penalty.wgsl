// Penalties of tokens that have appeared: of entry i, the logit at
// (seq_ids[pos2seq_id[i]], token_ids[i]) loses presence + token_cnt[i] · frequency, and is
// then multiplied (if negative) or divided (if not) by repetition.
// penalties [sequences, 3]: presence, frequency, repetition. Entries must differ in place.
//
// Bytes: 20 an entry, 8 of them of the logit, read and written; what it needs of its
// sequence, 16, comes from the cache. Operations: 5 an entry. Limit: launch latency.
//
// @kernel apply_penalty:
// @grid (n_tokens + 63) / 64, 1
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read> seq_ids: array<i32>;
@group(0) @binding(2) var<storage, read> pos2seq_id: array<i32>;
@group(0) @binding(3) var<storage, read> token_ids: array<i32>;
@group(0) @binding(4) var<storage, read> token_cnt: array<i32>;
@group(0) @binding(5) var<storage, read> penalties: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

struct Params { v: i32, n_tokens: i32, grid: u32 }

@compute @workgroup_size(64)
fn apply_penalty(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= u32(params.n_tokens)) { return; }
  let sequence = pos2seq_id[id.x];
  let at = seq_ids[sequence] * params.v + token_ids[id.x];
  let lowered = logits[at] - penalties[3 * sequence] - f32(token_cnt[id.x]) * penalties[3 * sequence + 1];
  let repetition = penalties[3 * sequence + 2];
  logits[at] = select(lowered / repetition, lowered * repetition, lowered < 0.0);
}
