// conv_sum: the result of a product whose sums conv left in parts
//
//   out[m, o] = sum over parts of x[part, m, o] + bias[o] + residual[m, o]
//
// x f32 [PARTS, M, O], bias f32 [O], residual and out f32 [M, O], all in vectors of four; SIZE vectors in out, O4 in a row.
// A thread does one vector, and adds the parts in order.

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
#if BIAS
@group(0) @binding(1) var<storage, read_write> bias: array<vec4f>;
#end
#if RESIDUAL
@group(0) @binding(2) var<storage, read_write> residual: array<vec4f>;
#end
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

#include each_element

fn element(i: u32) {
  var v = x[i];
  for (var part = 1u; part < PARTS; part++) { v += x[part * SIZE + i]; }
#if BIAS
  v += bias[i % O4];
#end
#if RESIDUAL
  v += residual[i];
#end
  out[i] = v;
}
