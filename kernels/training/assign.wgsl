// assign: out[i] = value[i], unless WHEN and condition is 0
//
// value, out words, SIZE of them; condition u32 [1]. A thread does one word.

@group(0) @binding(0) var<storage, read_write> value: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
#if WHEN
@group(0) @binding(2) var<storage, read_write> condition: array<u32>;
#end

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
#if WHEN
  if (condition[0] == 0) { return; }
#end
  out[i] = value[i];
}
