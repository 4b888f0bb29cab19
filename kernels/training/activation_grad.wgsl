// The gradient through a swish by what it was computed from: out[n, i, c] = dy·s·(1 + v·(1 − s)), s = 1 / (1 + exp(−v)),
// v = x·affine[n, 0, c] + affine[n, 1, c], all at [n, i, c]
//
// x, dy, out f32 [N, POSITIONS, C], affine f32 [N, 2, C]. SIZE elements; a thread does one.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> affine: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let a = i / (POSITIONS * C) * 2 * C + i % C;
  let v = x[i] * affine[a] + affine[a + C];
  let e = exp(-abs(v));
  let s = select(e, 1.0, v >= 0.0) / (1.0 + e);
  out[i] = dy[i] * (s + v * s * (1.0 - s));
}
