// The gated activation of the MLP: out = silu(gate) · up, with silu(g) = g / (1 + e⁻ᵍ).
// gate_up [n, 2 f], gate first; out [n, f].
//
// Bytes: 12 n f (float16: 6 n f). Operations: 5 a number, an exponential and a division among
// them. Limit: launch latency, and of long prompts bandwidth.
//
// @kernel silu_gate:
// @grid (f + 255) / 256, n
@group(0) @binding(0) var<storage, read> gate_up: array<Elem>;
@group(0) @binding(1) var<storage, read_write> out: array<Elem>;
@group(0) @binding(2) var<uniform> params: Params;

struct Params { n: i32, f: i32, grid: u32 }

@compute @workgroup_size(256)
fn silu_gate(@builtin(global_invocation_id) id: vec3<u32>) {
  let f = u32(params.f);
  if (id.x >= f) { return; }
  let gate = f32(gate_up[id.y * 2u * f + id.x]);
  let up = f32(gate_up[id.y * 2u * f + f + id.x]);
  out[id.y * f + id.x] = Elem(gate / (1.0 + exp(-gate)) * up);
}
