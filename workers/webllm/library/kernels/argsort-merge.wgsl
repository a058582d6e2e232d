// A further step of sorting: neighbouring sorted runs become one of twice the length.
// An entry's new place is its place in its own run plus the number of entries of the
// other run that come before it, which a binary search finds. One invocation an entry.
//
// Bytes: 16 an entry, and 4 for each of the search's log₂ run steps (8 where keys are equal),
// most of them from the cache. Operations: log₂ run comparisons.
// Limit: latency, since each step of the search waits for the one before.
//
// @kernel argsort_merge:
// @grid (v + 255) / 256, n
@group(0) @binding(0) var<storage, read> sorted: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> merged: array<f32>;
@group(0) @binding(3) var<storage, read_write> merged_index: array<i32>;
@group(0) @binding(4) var<uniform> params: Params;

struct Params { n: i32, v: i32, run: i32, grid: u32 }

@compute @workgroup_size(256)
fn argsort_merge(@builtin(global_invocation_id) id: vec3<u32>) {
  let v = u32(params.v);
  let run = u32(params.run);
  if (id.x >= v) { return; }
  let row = id.y * v;
  let key = sorted[row + id.x];
  let column = index[row + id.x];
  let start = id.x - id.x % (2u * run);
  let is_left = id.x - start < run;
  // The other run, within the row; both bounds move towards the number that come before.
  let other = min(start + select(0u, run, is_left), v);
  var low = other;
  var high = min(other + run, v);
  while (low < high) {
    let middle = (low + high) / 2u;
    let k = sorted[row + middle];
    if (k > key || (k == key && index[row + middle] < column)) { low = middle + 1u; } else { high = middle; }
  }
  let own = id.x - start - select(run, 0u, is_left);
  let place = row + start + own + low - other;
  merged[place] = key;
  merged_index[place] = column;
}
