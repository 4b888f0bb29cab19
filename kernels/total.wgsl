// Sums over a workgroup by a tree, whose order does not depend on the machine; included by other kernels
//
// Each step joins four: WORKGROUP is a power of four.
var<workgroup> sums: array<f32, WORKGROUP>;

// The sum of one value of each thread, for all of them.
fn total(value: f32, thread: u32) -> f32 {
  workgroupBarrier();
  sums[thread] = value;
  workgroupBarrier();
  for (var width = WORKGROUP / 4; width > 0; width /= 4) {
    if (thread < width) {
      let low = sums[thread] + sums[thread + width];
      sums[thread] = low + (sums[thread + 2 * width] + sums[thread + 3 * width]);
    }
    workgroupBarrier();
  }
  return sums[0];
}
