// One row of x [n, d], for the head: out = x[row].
//
// Bytes: 8 d (float16: 4 d). Operations: none. Limit: launch latency.
//
// @kernel take_row:
// @grid (d + 255) / 256, 1
@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read_write> out: array<Elem>;
@group(0) @binding(2) var<uniform> params: Params;

struct Params { row: i32, d: i32, grid: u32 }

@compute @workgroup_size(256)
fn take_row(@builtin(global_invocation_id) id: vec3<u32>) {
  let d = u32(params.d);
  if (id.x < d) { out[id.x] = x[u32(params.row) * d + id.x]; }
}
