// rms_norm_grad: out[r, c] = s·(w[c]·dy[r, c] − n[c]·mean over c of w·dy·n), n = s·x[r], s = 1 / sqrt(mean over c of x[r, c]² + EPS)
//
// x, dy, out f32 [ROWS, WIDTH], weight f32 [WIDTH] = w. A workgroup does one row.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

#include total

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= ROWS) { return; }
  let base = row * WIDTH;
  var squares = 0.0;
  var products = 0.0;
  for (var c = thread; c < WIDTH; c += WORKGROUP) {
    let v = x[base + c];
    squares += v * v;
    products += weight[c] * dy[base + c] * v;
  }
  let s = 1.0 / sqrt(total(squares, thread) / f32(WIDTH) + EPS);
  let mean = s * total(products, thread) / f32(WIDTH);
  for (var c = thread; c < WIDTH; c += WORKGROUP) {
    out[base + c] = s * (weight[c] * dy[base + c] - x[base + c] * s * mean);
  }
}
