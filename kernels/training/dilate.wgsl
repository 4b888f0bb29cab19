// Images with zeros between and behind their positions: out[n, row, column, c] = x[n, row/STRIDE, column/STRIDE, c]
//
// That where both divide evenly and are in x, else 0. x f32 [N, H, W, C], out f32 [N, OH, OW, C], SIZE elements; a thread
// does one.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
  let column = i / C % OW;
  let row = i / C / OW % OH;
  var v = 0.0;
  if (row % STRIDE == 0 && column % STRIDE == 0 && row / STRIDE < H && column / STRIDE < W) {
    v = x[((i / C / OW / OH * H + row / STRIDE) * W + column / STRIDE) * C + i % C];
  }
  out[i] = v;
}
