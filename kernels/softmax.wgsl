// Turns `scores` 0 to count − 1 into exp(score − largest), included by the kernels of attention
//
// Gives the sum of them to all threads, and leaves the largest in `largest_score`. Uses `parts`, one value a thread, of
// which a tree joins four in each step: WORKGROUP is a power of four.
var<private> largest_score: f32;

fn exponentials(count: u32, thread: u32) -> f32 {
  workgroupBarrier();
  var largest = -3.4028234e38;
  for (var i = thread; i < count; i += WORKGROUP) { largest = max(largest, scores[i]); }
  parts[thread] = largest;
  workgroupBarrier();
  for (var width = WORKGROUP / 4; width > 0; width /= 4) {
    if (thread < width) {
      let low = max(parts[thread], parts[thread + width]);
      parts[thread] = max(low, max(parts[thread + 2 * width], parts[thread + 3 * width]));
    }
    workgroupBarrier();
  }
  largest = parts[0];
  largest_score = largest;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = thread; i < count; i += WORKGROUP) {
    let e = exp(scores[i] - largest);
    scores[i] = e;
    sum += e;
  }
  parts[thread] = sum;
  workgroupBarrier();
  for (var width = WORKGROUP / 4; width > 0; width /= 4) {
    if (thread < width) {
      let low = parts[thread] + parts[thread + width];
      parts[thread] = low + (parts[thread + 2 * width] + parts[thread + 3 * width]);
    }
    workgroupBarrier();
  }
  return parts[0];
}
