// channel_affine: out[n, i, c] = act(x[n, i, c] · affine[n, 0, c] + affine[n, 1, c]), act = swish if SWISH
//
// x, out f32 [N, POSITIONS, C], affine f32 [N, 2, C]. SIZE elements; a thread does one, or four if VECTOR: then all
// are vectors of four channels, and C and SIZE count vectors.

#if VECTOR
@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> affine: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
#else
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> affine: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
#end

#include swish
#include each_element

fn element(i: u32) {
  let at = i / (POSITIONS * C) * 2 * C + i % C;
  let v = x[i] * affine[at] + affine[at + C];
#if !SWISH
  out[i] = v;
#else
#if VECTOR
  out[i] = swish(v);
#else
  out[i] = swish(vec4f(v)).x;
#end
#end
}
