// cross_entropy: out[r] = log(sum over w of exp(logits[r, w])) − logits[r, t], t = min(goal[r], VOCAB_SIZE − 1)
//
// logits f32 [R, VOCAB_SIZE], goal u32 [R] = target, out f32 [R]. A workgroup does one row: the largest logit is subtracted
// before the exponentials.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> goal: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

var<workgroup> parts: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let r = group.y * groups.x + group.x;
  if (r >= ROWS) { return; }
  let base = r * VOCAB_SIZE;
  var largest = -3.4028234e38;
  for (var w = thread; w < VOCAB_SIZE; w += WORKGROUP) { largest = max(largest, logits[base + w]); }
  parts[thread] = largest;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { parts[thread] = max(parts[thread], parts[thread + half]); }
    workgroupBarrier();
  }
  largest = parts[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var w = thread; w < VOCAB_SIZE; w += WORKGROUP) { sum += exp(logits[base + w] - largest); }
  parts[thread] = sum;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { parts[thread] += parts[thread + half]; }
    workgroupBarrier();
  }
  let t = min(goal[r], VOCAB_SIZE - 1);
  if (thread == 0) { out[r] = largest + log(parts[0]) - logits[base + t]; }
}
