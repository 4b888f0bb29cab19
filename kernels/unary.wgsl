// sqrt, silu: out[i] = sqrt(x[i]) if SQRT, else swish(x[i])
//
// x, out  f32, SIZE elements. A thread does one element.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include swish
#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
#if SQRT
  out[i] = sqrt(x[i]);
#else
  out[i] = swish(vec4f(x[i])).x;
#end
}
