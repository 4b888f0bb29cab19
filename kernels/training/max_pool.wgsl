// max_pool: out[n, h, w, c] = the largest of x[n, 2h + a, 2w + b, c], a and b from 0 to 1
// With GRADIENT its gradient: out[n, 2h + a, 2w + b, c] = dy[n, h, w, c] at the first of the largest, row by row, else 0
//
// x f32 [N, H, W, C]; the result of the pooling and dy f32 [N, H/2, W/2, C], rounded down; the gradient is as x.
// SIZE elements of out; a thread does one. NaN counts as the largest.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
#if GRADIENT
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
#end
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include numbers
#include linear_index

// Which of the block's elements is the largest: 2a + b.
fn largest_of(image: u32, h: u32, w: u32, c: u32) -> u32 {
  let base = ((image * H + 2 * h) * W + 2 * w) * C + c;
  var found = 0u;
  var most = x[base];
#for k < 4
  {
    let v = x[base + ({k} / 2 * W + {k} % 2) * C];
    if (!is_nan(most) && (is_nan(v) || v > most)) {
      found = {k};
      most = v;
    }
  }
#end
  return found;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
  let c = i % C;
#if GRADIENT
  let column = i / C % W;
  let row = i / C / W % H;
  let image = i / C / W / H;
  let h = row / 2;
  let w = column / 2;
  var v = 0.0;
  if (h < H / 2 && w < W / 2 && largest_of(image, h, w, c) == row % 2 * 2 + column % 2) {
    v = dy[((image * (H / 2) + h) * (W / 2) + w) * C + c];
  }
  out[i] = v;
#else
  let w = i / C % (W / 2);
  let h = i / C / (W / 2) % (H / 2);
  let image = i / C / (W / 2) / (H / 2);
  let k = largest_of(image, h, w, c);
  out[i] = x[((image * H + 2 * h + k / 2) * W + 2 * w + k % 2) * C + c];
#end
}
