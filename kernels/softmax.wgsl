// Turns `scores` 0 to count − 1 into exp(score − largest), included by the kernels of attention
//
// Gives the sum of them to all threads, and leaves the largest in `largest_score`. Uses `parts`, one value a thread.
var<private> largest_score: f32;

fn exponentials(count: u32, thread: u32) -> f32 {
  workgroupBarrier();
  var largest = -3.4028234e38;
  for (var i = thread; i < count; i += WORKGROUP) { largest = max(largest, scores[i]); }
  parts[thread] = largest;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { parts[thread] = max(parts[thread], parts[thread + half]); }
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
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { parts[thread] += parts[thread + half]; }
    workgroupBarrier();
  }
  return parts[0];
}
