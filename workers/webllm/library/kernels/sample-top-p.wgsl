// A token of each sampled row: with probabilities in falling order, the fewest that
// together reach top_p are kept, and u · (their sum) falls on one of them.
// sorted, index [rows, v]; top_p [rows]; u, sample_index, out [n]: out[i] comes from
// row sample_index[i]. v is at most 1,048,576, the first size with a share of 4096.
//
// A workgroup of 256 takes a sample. Each invocation adds up a share of consecutive
// tokens; one finds the share that a mark falls in, and then the token in it, which
// the others have brought to workgroup memory. Twice: for top_p, and for u · sum.
//
// Bytes: the row once, and two shares. Operations: an addition a token, and up to
// 2 (256 + v / 256) in one invocation. Limit: latency, of one workgroup.
//
// @kernel sample_top_p:
// @grid n, 1
@group(0) @binding(0) var<storage, read> sorted: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read> u: array<f32>;
@group(0) @binding(3) var<storage, read> sample_index: array<i32>;
@group(0) @binding(4) var<storage, read> top_p: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<i32>;
@group(0) @binding(6) var<uniform> params: Params;

struct Params { n: i32, v: i32, grid: u32 }

const LANES: u32 = 256u;
var<workgroup> shares: array<f32, LANES>;
var<workgroup> tokens: array<f32, 4096>;
var<workgroup> which: u32;
var<workgroup> place: u32;
var<workgroup> reached: f32;

// Sets place to the first token at which the running sum reaches the mark (or exceeds it,
// where `beyond`), and reached to that sum; to the last token where it never does.
fn find(mark: f32, beyond: bool, row: u32, v: u32, share: u32, lane: u32) {
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0.0;
    var i = 0u;
    while ((i + 1u) * share < v) {
      let next = sum + shares[i];
      if (select(next >= mark, next > mark, beyond)) { break; }
      sum = next;
      i++;
    }
    which = i;
    reached = sum;
  }
  let start = workgroupUniformLoad(&which) * share;
  for (var i = lane; i < share && start + i < v; i += LANES) { tokens[i] = sorted[row + start + i]; }
  workgroupBarrier();
  if (lane == 0u) {
    var sum = reached;
    var i = 0u;
    loop {
      sum += tokens[i];
      if (select(sum >= mark, sum > mark, beyond) || i + 1u >= share || start + i + 1u >= v) { break; }
      i++;
    }
    place = start + i;
    reached = sum;
  }
  workgroupBarrier();
}

@compute @workgroup_size(LANES)
fn sample_top_p(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let v = u32(params.v);
  let chosen_row = u32(sample_index[group.x]);
  let row = chosen_row * v;
  let share = (v + LANES - 1u) / LANES;
  var sum = 0.0;
  for (var i = lane * share; i < min(v, (lane + 1u) * share); i++) { sum += sorted[row + i]; }
  shares[lane] = sum;
  find(top_p[chosen_row], false, row, v, share, lane);
  let mark = u[group.x] * reached;
  find(mark, true, row, v, share, lane);
  if (lane == 0u) { out[group.x] = index[row + place]; }
}
