// add, sub, mul, div with broadcasting: out[i] = lhs[l] ∘ rhs[r]
//
// lhs, rhs  f32; LEFT{axis} and RIGHT{axis} are their strides along the axes of out, 0 where they repeat
// out       f32, SIZE elements in AXES axes of lengths LENGTH{axis}
//
// A thread does one element. SAME: no broadcasting.

@group(0) @binding(0) var<storage, read_write> lhs: array<f32>;
@group(0) @binding(1) var<storage, read_write> rhs: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
#if SAME
  let l = i;
  let r = i;
#else
  var l = 0u;
  var r = 0u;
  var rest = i;
  // Axes are numbered from the innermost.
#for axis < AXES
  l += rest % LENGTH{axis} * LEFT{axis};
  r += rest % LENGTH{axis} * RIGHT{axis};
  rest /= LENGTH{axis};
#end
#end
#if ADD
  out[i] = lhs[l] + rhs[r];
#end
#if SUB
  out[i] = lhs[l] - rhs[r];
#end
#if MUL
  out[i] = lhs[l] * rhs[r];
#end
#if DIV
  out[i] = lhs[l] / rhs[r];
#end
}
