// Sums over a workgroup by a tree, whose order does not depend on the machine; included by other kernels
var<workgroup> sums: array<f32, WORKGROUP>;

// The sum of one value of each thread, for all of them.
fn total(value: f32, thread: u32) -> f32 {
  workgroupBarrier();
  sums[thread] = value;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { sums[thread] += sums[thread + half]; }
    workgroupBarrier();
  }
  return sums[0];
}
