// attention_grad, first pass: the gradient by the queries, and what the second pass needs of each position
//
//   P[p, i] = softmax over i ≤ p of q[p] · k[i] / sqrt(HEAD)     a[p] = sum over i ≤ p of P[p, i]·(dy[p] · v[i])
//   dq[p] = sum over i ≤ p of P[p, i]·(dy[p] · v[i] − a[p]) / sqrt(HEAD) · k[i]
//
// qkv f32 [B, POSITIONS, 3·D]: q, k and v of D elements, in heads of HEAD. dy f32 [B, POSITIONS, D]. out f32, as qkv.
// rows f32 [B, HEADS, POSITIONS, 2]: the logarithm of the sum of the exponentials of a position's scores, and a.
// A workgroup does one position of one head.

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

var<workgroup> scores: array<f32, POSITIONS>;
var<workgroup> slopes: array<f32, POSITIONS>;
var<workgroup> parts: array<f32, WORKGROUP>;

#include softmax

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let p = group.x;
  let base = group.z * POSITIONS * 3 * D + group.y * HEAD;
  let gradient = (group.z * POSITIONS + p) * D + group.y * HEAD;
  for (var i = thread; i <= p; i += WORKGROUP) {
    var score = 0.0;
    var slope = 0.0;
    for (var c = 0u; c < HEAD; c++) {
      score += qkv[base + p * 3 * D + c] * qkv[base + i * 3 * D + D + c];
      slope += dy[gradient + c] * qkv[base + i * 3 * D + 2 * D + c];
    }
    scores[i] = score / sqrt(f32(HEAD));
    slopes[i] = slope;
  }
  let total = exponentials(p + 1, thread);
  workgroupBarrier();
  var sum = 0.0;
  for (var i = thread; i <= p; i += WORKGROUP) { sum += scores[i] / total * slopes[i]; }
  parts[thread] = sum;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { parts[thread] += parts[thread + half]; }
    workgroupBarrier();
  }
  let average = parts[0];
  for (var c = thread; c < HEAD; c += WORKGROUP) {
    var dq = 0.0;
    for (var i = 0u; i <= p; i++) {
      dq += scores[i] / total * (slopes[i] - average) * qkv[base + i * 3 * D + D + c];
    }
    out[base + p * 3 * D + c] = dq / sqrt(f32(HEAD));
  }
  if (thread == 0) {
    let row = ((group.z * HEADS + group.y) * POSITIONS + p) * 2;
    rows[row] = largest_score + log(total);
    rows[row + 1] = average;
  }
}
