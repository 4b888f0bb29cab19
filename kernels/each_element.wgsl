// The entry point of kernels that compute SIZE elements, one a thread; included by kernels that define `element(i)`

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i < SIZE) { element(i); }
}
