// swiglu: out[i] = swish(gate[i]) · up[i], plus residual[i] if RESIDUAL
//
// All f32, SIZE elements. A thread does one element.

@group(0) @binding(0) var<storage, read_write> gate: array<f32>;
@group(0) @binding(1) var<storage, read_write> up: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
#if RESIDUAL
@group(0) @binding(3) var<storage, read_write> residual: array<f32>;
#end

#include swish
#include each_element

fn element(i: u32) {
  var v = swish(vec4f(gate[i])).x * up[i];
#if RESIDUAL
  v += residual[i];
#end
  out[i] = v;
}
