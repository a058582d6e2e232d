// Rotary position embedding of queries (in place) and keys, which go with the values
// into the cache at position …: for i < HEAD_DIM / 2, the pair (i, i + HEAD_DIM / 2) is
// turned by (position + row) · freqs[i].
// qkv [n, nh + 2 nkv, HEAD_DIM]; k_cache, v_cache [capacity, nkv, HEAD_DIM];
// freqs [HEAD_DIM / 2] radians a position, scaling included.
//
// A workgroup of 32 × 4 takes four heads of a row; an invocation, a pair at a time.
// WGSL promises of its own sin and cos 2⁻¹¹ within a half-turn and nothing beyond, so
// the angle is reduced here, in pieces that float32 holds exactly, and then expanded
// (the polynomials are those of Cephes, sinf.c; error 1e-7).
//
// Bytes: 2 · 4 · n (nh + 2 nkv) HEAD_DIM (float32). Operations: about 40 a pair of queries
// and keys, of which the rotation itself is 6. Limit: launch latency.
//
// @kernel rope_append:
// @grid (nh + 2 * nkv + 3) / 4, n
@group(0) @binding(0) var<storage, read_write> qkv: array<Elem>;
@group(0) @binding(1) var<storage, read_write> k_cache: array<Elem>;
@group(0) @binding(2) var<storage, read_write> v_cache: array<Elem>;
@group(0) @binding(3) var<storage, read> freqs: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

struct Params { n: i32, nh: i32, nkv: i32, position: i32, grid: u32 }

// (cos, sin) of position · freq.
fn turn(position: f32, freq: f32) -> vec2<f32> {
  // Twelve bits of the frequency times a position below 4096 are exact; the rest is small.
  let coarse = bitcast<f32>(bitcast<u32>(freq) & 0xfffff000u);
  let quarters = round(position * freq * 0.63661977);
  // π/2 in three pieces.
  let r = ((position * coarse - quarters * 1.5703125) - quarters * 4.837512969970703e-4) - quarters * 7.54978995489e-8 + position * (freq - coarse);
  let z = r * r;
  let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let c = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  let quadrant = u32(i32(quarters) & 3);
  let swapped = select(vec2<f32>(c, s), vec2<f32>(s, c), (quadrant & 1u) == 1u);
  return select(swapped, -swapped, vec2<bool>(quadrant == 1u || quadrant == 2u, quadrant >= 2u));
}

@compute @workgroup_size(32, 4)
fn rope_append(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let nh = u32(params.nh);
  let nkv = u32(params.nkv);
  let half = HEAD_DIM / 2u;
  let head = group.x * 4u + local.y;
  if (head >= nh + 2u * nkv) { return; }
  let base = (group.y * (nh + 2u * nkv) + head) * HEAD_DIM;
  let slot = u32(params.position) + group.y;
  let to = (slot * nkv + (head - nh) % nkv) * HEAD_DIM;
  for (var i = local.x; i < half; i += 32u) {
    let a = qkv[base + i];
    let b = qkv[base + half + i];
    if (head >= nh + nkv) {
      v_cache[to + i] = a;
      v_cache[to + half + i] = b;
    } else {
      let t = turn(f32(slot), freqs[i]);
      let low = Elem(f32(a) * t.x - f32(b) * t.y);
      let high = Elem(f32(b) * t.x + f32(a) * t.y);
      if (head < nh) {
        qkv[base + i] = low;
        qkv[base + half + i] = high;
      } else {
        k_cache[to + i] = low;
        k_cache[to + half + i] = high;
      }
    }
  }
}
