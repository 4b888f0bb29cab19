// depth_to_space: out[n, 2h+a, 2w+b, c] = x[n, h, w, (2a+b)·C + c]
//
// x f32 [N, H, W, 4·C], out f32 [N, 2·H, 2·W, C], SIZE elements. A thread does one element of out.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let c = i % C;
  let column = i / C % (2 * W);
  // Rows of all images, one below the other: each has an even number of them.
  let row = i / C / (2 * W);
  let cell = 2 * (row % 2) + column % 2;
  out[i] = x[((row / 2 * W + column / 2) * 4 + cell) * C + c];
}
