// slice: out[outer, j] = x[outer, FIRST + j]
//
// x words [OUTER, LENGTH], out words [OUTER, RUN], SIZE of them: the axes behind the sliced one count with it.
// A thread copies one word.

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
  out[i] = x[i / RUN * LENGTH + FIRST + i % RUN];
}
