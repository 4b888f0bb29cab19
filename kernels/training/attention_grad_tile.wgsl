// Tiles of the gradient of causal attention, included by its kernels
//
// A workgroup of 8 × 8 threads does 32 positions of its own, and OTHERS = 8·KEYS others at a time. Thread (lane, group)
// does own positions 4·group to 4·group + 3, in vectors of four, by others 8·j + lane. A kernel defines what it has of
// each: load_own_a(p, c), load_own_b(p, c), load_other_a(p, c) and load_other_b(p, c), c a vector of four of HEAD4.
//
// CHUNK vectors of each of these lie in workgroup memory at a time; vectors are placed so that neighbouring threads,
// who write neighbouring vectors of a position or read one vector of neighbouring positions, use different banks.
// Positions from POSITIONS are zeros. A weight of 0 does not hide a number that is none: within a tile, such a number
// reaches positions before its own.

#include vector as qkv at 0
#include vector as dy at 1

const SCALE = 1.0 / sqrt(f32(HEAD));

// Elements before those of the workgroup's sequence and head.
var<private> qkv_start: u32;
var<private> dy_start: u32;

fn load_part(part: u32, p: u32, c: u32) -> vec4f {
  if (p >= POSITIONS || c >= HEAD4) { return vec4f(); }
  return load_qkv(qkv_start + (p * 3 + part) * D, c, HEAD);
}

fn load_gradient(p: u32, c: u32) -> vec4f {
  if (p >= POSITIONS || c >= HEAD4) { return vec4f(); }
  return load_dy(dy_start + p * D, c, HEAD);
}

fn start(group: vec3u) {
  qkv_start = group.z * POSITIONS * 3 * D + group.y * HEAD;
  dy_start = group.z * POSITIONS * D + group.y * HEAD;
}

var<workgroup> own_a: array<array<array<vec4f, 8>, 4>, CHUNK>;
var<workgroup> own_b: array<array<array<vec4f, 8>, 4>, CHUNK>;
var<workgroup> other_a: array<array<array<vec4f, 8>, KEYS>, CHUNK>;
var<workgroup> other_b: array<array<array<vec4f, 8>, KEYS>, CHUNK>;

// For others 8·j + lane, of four own positions: a · a / sqrt(HEAD), and b · b.
struct Tile { scores: array<vec4f, KEYS>, slopes: array<vec4f, KEYS> }

#include plus_dot

fn tile_of(own: u32, other: u32, thread: u32) -> Tile {
  let lane = thread % 8;
  let group = thread / 8;
#for j < KEYS
#for r < 4
  var score{r}_{j} = 0.0;
  var slope{r}_{j} = 0.0;
#end
#end
  for (var first = 0u; first < HEAD4; first += CHUNK) {
    workgroupBarrier();
    for (var n = thread; n < 32 * CHUNK; n += 64) {
      let v = n % CHUNK;
      let p = n / CHUNK;
      own_a[v][p % 4][(p / 4) ^ v] = load_own_a(own + p, first + v);
      own_b[v][p % 4][(p / 4) ^ v] = load_own_b(own + p, first + v);
    }
    for (var n = thread; n < OTHERS * CHUNK; n += 64) {
      let v = n % CHUNK;
      let p = n / CHUNK;
      other_a[v][p / 8][(p % 8) ^ v] = load_other_a(other + p, first + v);
      other_b[v][p / 8][(p % 8) ^ v] = load_other_b(other + p, first + v);
    }
    workgroupBarrier();
    for (var v = 0u; v < CHUNK; v++) {
#for r < 4
      let a{r} = own_a[v][{r}][group ^ v];
      let b{r} = own_b[v][{r}][group ^ v];
#end
#for j < KEYS
      let x{j} = other_a[v][{j}][lane ^ v];
      let y{j} = other_b[v][{j}][lane ^ v];
#for r < 4
      score{r}_{j} = plus_dot(score{r}_{j}, a{r}, x{j});
      slope{r}_{j} = plus_dot(slope{r}_{j}, b{r}, y{j});
#end
#end
    }
  }
  var tile: Tile;
#for j < KEYS
  tile.scores[{j}] = SCALE * vec4f(score0_{j}, score1_{j}, score2_{j}, score3_{j});
  tile.slopes[{j}] = vec4f(slope0_{j}, slope1_{j}, slope2_{j}, slope3_{j});
#end
  return tile;
}
