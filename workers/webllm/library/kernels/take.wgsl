// Embedding rows: out[i] = weight[ids[i]].
// take_q4 reads MLC's group-quantized rows: words of eight nibbles, a scale for each 32 columns.
//
// Bytes: 8 n d (float16: 4 n d; q4: 4.625 n d). Operations: none; q4, about 4 a number.
// Limit: launch latency.
//
// @kernel take:
// @kernel take_q4: q4
// @grid (n * d + 255) / 256, 1
// @if q4
@group(0) @binding(0) var<storage, read> ids: array<i32>;
@group(0) @binding(1) var<storage, read> q_weight: array<u32>;
@group(0) @binding(2) var<storage, read> q_scale: array<Elem>;
@group(0) @binding(3) var<storage, read_write> out: array<Elem>;
@group(0) @binding(4) var<uniform> params: Params;
// @else
@group(0) @binding(0) var<storage, read> ids: array<i32>;
@group(0) @binding(1) var<storage, read> weight: array<Elem>;
@group(0) @binding(2) var<storage, read_write> out: array<Elem>;
@group(0) @binding(3) var<uniform> params: Params;
// @end

struct Params { n: i32, d: i32, grid: u32 }

@compute @workgroup_size(256)
fn take(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  let d = u32(params.d);
  if (i >= u32(params.n) * d) { return; }
  let source = u32(ids[i / d]) * d + i % d;
  // @if q4
  let nibble = (q_weight[source / 8u] >> (4u * (source % 8u))) & 15u;
  out[i] = Elem((f32(nibble) - 7.0) * f32(q_scale[source / 32u]));
  // @else
  out[i] = weight[source];
  // @end
}
