// The element that a thread of a one-dimensional kernel works on, included by other kernels
//
// A dimension of a dispatch ends at 65,535 workgroups: longer ones are folded into two.
fn linear_index(group: vec3u, groups: vec3u, thread: u32) -> u32 {
  return (group.y * groups.x + group.x) * WORKGROUP + thread;
}
