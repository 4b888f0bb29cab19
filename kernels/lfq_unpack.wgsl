// lfq_unpack: out[i, j] = 1 if bit j of x[i] is set, else −1
//
// x u32 [SIZE / BITS], out f32 [SIZE / BITS, BITS]. A thread does one element of out.

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
  out[i] = select(-1.0, 1.0, ((x[i / BITS] >> (i % BITS)) & 1) == 1);
}
