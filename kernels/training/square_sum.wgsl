// square_sum, first pass: out[g] = sum over i ≡ g of x[i]², in PARTS parts
//
// x f32, COUNT elements; out f32 [PARTS]. A workgroup does a part: its threads take every (PARTS·WORKGROUP)-th element.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include total

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = group.x * WORKGROUP + thread; i < COUNT; i += PARTS * WORKGROUP) { sum += x[i] * x[i]; }
  sum = total(sum, thread);
  if (thread == 0) { out[group.x] = sum; }
}
