// group_norm_grad, second pass: out[n, i, c] = r·(w·dy − m[n, 0, c] − (x·r + b)·m[n, 1, c])
//
// With x and dy at [n, i, c], r and b = affine[n, 0 and 1, c], m = means from the first pass, w = weight[c], or weight[n, c]
// if EACH. x, dy, out f32 [N, POSITIONS, C], affine, means f32 [N, 2, C]. SIZE elements; a thread does one.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> affine: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let n = i / (POSITIONS * C);
  let c = i % C;
  let a = n * 2 * C + c;
#if EACH
  let w = weight[n * C + c];
#else
  let w = weight[c];
#end
  out[i] = affine[a] * (w * dy[i] - means[a] - (x[i] * affine[a] + affine[a + C]) * means[a + C]);
}
