// rms_norm: out[r, i] = x[r, i] / sqrt(mean over i of x[r, i]² + EPS) · weight[i]
//
// x, out f32 [ROWS, WIDTH], weight f32 [WIDTH]. A workgroup does one row: its threads take every WORKGROUP-th element,
// and a tree sums their squares.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

var<workgroup> sums: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= ROWS) { return; }
  var squares = 0.0;
  for (var i = thread; i < WIDTH; i += WORKGROUP) {
    let v = x[row * WIDTH + i];
    squares += v * v;
  }
  sums[thread] = squares;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { sums[thread] += sums[thread + half]; }
    workgroupBarrier();
  }
  let scale = 1.0 / sqrt(sums[0] / f32(WIDTH) + EPS);
  for (var i = thread; i < WIDTH; i += WORKGROUP) {
    out[row * WIDTH + i] = x[row * WIDTH + i] * scale * weight[i];
  }
}
