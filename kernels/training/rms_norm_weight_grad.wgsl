// rms_norm_weight_grad, second pass: out[block, c] = sum over the rows of a block of dy[r, c]·x[r, c]·scale[r]
//
// x, dy f32 [ROWS, WIDTH], scale f32 [ROWS] from the first pass, out f32 [BLOCKS, WIDTH], SIZE elements. A block is BLOCK
// rows, the last may be shorter. A thread does one element.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let c = i % WIDTH;
  let first = i / WIDTH * BLOCK;
  var sum = 0.0;
  for (var r = first; r < min(ROWS, first + BLOCK); r++) { sum += dy[r * WIDTH + c] * x[r * WIDTH + c] * scale[r]; }
  out[i] = sum;
}
