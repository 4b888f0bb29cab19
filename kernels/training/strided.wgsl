// broadcast_to, permute: out[i] = x[j], where j steps along the axes of out by strides of x
//
// out f32, SIZE elements in AXES axes of lengths LENGTH{axis}, numbered from the innermost; STRIDE{axis} are those of x,
// 0 along an axis that repeats. A thread does one element.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  var j = 0u;
  var rest = i;
#for axis < AXES
  j += rest % LENGTH{axis} * STRIDE{axis};
  rest /= LENGTH{axis};
#end
  out[i] = x[j];
}
