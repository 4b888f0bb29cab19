// rms_norm: out[r, i] = x[r, i] / sqrt(mean over i of x[r, i]² + EPS) · weight[i]
//
// x, out f32 [ROWS, WIDTH], weight f32 [WIDTH]. A workgroup does one row: its threads take every WORKGROUP-th of VECTORS
// vectors of four, and a tree sums their squares.

#include vector as x at 0
#include vector as weight at 1
#include stored as out at 2

#include total

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= ROWS) { return; }
  var squares = 0.0;
  for (var c = thread; c < VECTORS; c += WORKGROUP) {
    let v = load_x(row * WIDTH, c, WIDTH);
    squares += dot(v, v);
  }
  let scale = 1.0 / sqrt(total(squares, thread) / f32(WIDTH) + EPS);
  for (var c = thread; c < VECTORS; c += WORKGROUP) {
    store_out(row * WIDTH, c, WIDTH, load_x(row * WIDTH, c, WIDTH) * scale * load_weight(0, c, WIDTH));
  }
}
