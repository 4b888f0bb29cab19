// mean over neighbouring axes: out[outer, inner] = 1/DIVISOR · sum over i of x[outer, i, inner]
//
// x f32 [OUTER, COUNT, INNER], out f32 [OUTER, INNER], SIZE elements. A workgroup does one element of out: each thread sums
// every WORKGROUP-th element, then a tree sums the threads. With EACH a thread does one element, in order: better where
// there are many. The order does not depend on the machine.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#if EACH
#include linear_index
#else
var<workgroup> sums: array<f32, WORKGROUP>;
#end

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
#if EACH
  let element = linear_index(group, groups, thread);
  if (element >= SIZE) { return; }
  let base = element / INNER * COUNT * INNER + element % INNER;
  var sum = 0.0;
  for (var i = 0u; i < COUNT; i++) { sum += x[base + i * INNER]; }
  out[element] = sum / f32(DIVISOR);
#else
  let element = group.y * groups.x + group.x;
  if (element >= SIZE) { return; }
  let base = element / INNER * COUNT * INNER + element % INNER;
  var sum = 0.0;
  for (var i = thread; i < COUNT; i += WORKGROUP) { sum += x[base + i * INNER]; }
  sums[thread] = sum;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { sums[thread] += sums[thread + half]; }
    workgroupBarrier();
  }
  if (thread == 0) { out[element] = sums[0] / f32(DIVISOR); }
#end
}
