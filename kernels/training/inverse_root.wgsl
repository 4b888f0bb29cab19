// What rms_norm scales a row by: out[r] = 1 / sqrt(mean over c of x[r, c]² + EPS)
//
// x f32 [ROWS, WIDTH], out f32 [ROWS]. A workgroup does one row.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

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
  for (var c = thread; c < WIDTH; c += WORKGROUP) { squares += x[row * WIDTH + c] * x[row * WIDTH + c]; }
  squares = total(squares, thread);
  if (thread == 0) { out[row] = 1.0 / sqrt(squares / f32(WIDTH) + EPS); }
}
