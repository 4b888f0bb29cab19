// A step of a tiled product in workgroup memory, included by other kernels
//
// A workgroup of LANES × ROWS threads makes a block of 4·MA·ROWS × 4·NA·LANES results: thread (x, y) those of the rows
// 4·(ROWS·h + y) + r, h < MA, and of the columns 4·(LANES·q + x) + …, q < NA. For STEP k at a time, the operands lie here
// in vectors of four rows or columns, together what a thread reads: only one index of each reading is no constant, unless
// LOOPED. A GPU gains a third by the unrolled loop; software compiles it for ten seconds.
//
// A kernel includes `tile_sums`, `tile_add` in its loop over k, and `tile_store`, which calls its store(z, row, column, sum)
// for each four results from `first_row` and `first_column` of the block on.
var<workgroup> left: array<array<vec4f, MA * STEP + 1>, ROWS>;
var<workgroup> right: array<array<vec4f, NA * STEP + 1>, LANES>;

// Places four rows, those from 4·group, of one k.
fn place_left(group: u32, k: u32, v: vec4f) { left[group % ROWS][k * MA + group / ROWS] = v; }
// The same of columns.
fn place_right(group: u32, k: u32, v: vec4f) { right[group % LANES][k * NA + group / LANES] = v; }

// (x, y) of a thread: 32 neighbours, which run together, read few different vectors if they are a square of 8 × 4.
fn place_of(thread: u32) -> vec2u {
  let square = thread / 32;
  let n = thread % 32;
  return vec2u(
    square % (LANES / SQUARE) * SQUARE + n % SQUARE,
    square / (LANES / SQUARE) * (32 / SQUARE) + n / SQUARE,
  );
}
