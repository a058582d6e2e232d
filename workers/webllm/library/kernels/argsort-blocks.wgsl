// The first step of sorting each row of probs [n, v]: blocks of 1024 columns, each
// sorted by itself, the likeliest first, and of equals the one with the smaller index.
// Bitonic, in workgroup memory; the last block is padded with entries that stay behind.
//
// Bytes: 12 a column. Operations: 55 rounds of 512 comparisons a block.
// Limit: the barriers between the rounds; 8 KB of workgroup memory.
//
// @kernel argsort_blocks:
// @grid (v + 1023) / 1024, n
@group(0) @binding(0) var<storage, read> probs: array<f32>;
@group(0) @binding(1) var<storage, read_write> sorted: array<f32>;
@group(0) @binding(2) var<storage, read_write> index: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

struct Params { n: i32, v: i32, grid: u32 }

const LANES: u32 = 256u;
const BLOCK: u32 = 1024u;
var<workgroup> keys: array<f32, BLOCK>;
var<workgroup> columns: array<u32, BLOCK>;

@compute @workgroup_size(LANES)
fn argsort_blocks(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let v = u32(params.v);
  let row = group.y * v;
  for (var i = lane; i < BLOCK; i += LANES) {
    let column = group.x * BLOCK + i;
    columns[i] = column;
    keys[i] = select(-1.0, probs[row + min(column, v - 1u)], column < v);
  }
  for (var size = 2u; size <= BLOCK; size *= 2u) {
    for (var step = size / 2u; step > 0u; step /= 2u) {
      workgroupBarrier();
      for (var pair = lane; pair < BLOCK / 2u; pair += LANES) {
        let i = 2u * pair - (pair % step);
        let j = i + step;
        let before = keys[i] > keys[j] || (keys[i] == keys[j] && columns[i] < columns[j]);
        if (before != ((i & size) == 0u)) {
          let key = keys[i];
          keys[i] = keys[j];
          keys[j] = key;
          let column = columns[i];
          columns[i] = columns[j];
          columns[j] = column;
        }
      }
    }
  }
  workgroupBarrier();
  for (var i = lane; i < BLOCK; i += LANES) {
    let to = group.x * BLOCK + i;
    if (to < v) {
      sorted[row + to] = keys[i];
      index[row + to] = i32(columns[i]);
    }
  }
}
