// attention: causal attention of each position over those up to it, by head
//
//   out[b, p, h] = sum over i ≤ p of softmax(q[p] · k[i] / sqrt(HEAD)) · v[i]
//
// qkv f32 [B, POSITIONS, 3·D]: q, k and v of D elements, in heads of HEAD. out f32 [B, POSITIONS, D].
// A workgroup does one position of one head: each thread the scores of every WORKGROUP-th position, then the sums of
// every WORKGROUP-th element. The largest score is subtracted before the exponentials.

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

var<workgroup> scores: array<f32, POSITIONS>;
var<workgroup> parts: array<f32, WORKGROUP>;

#include softmax

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let p = group.x;
  let base = group.z * POSITIONS * 3 * D + group.y * HEAD;
  for (var i = thread; i <= p; i += WORKGROUP) {
    var sum = 0.0;
    for (var c = 0u; c < HEAD; c++) { sum += qkv[base + p * 3 * D + c] * qkv[base + i * 3 * D + D + c]; }
    scores[i] = sum / sqrt(f32(HEAD));
  }
  let total = exponentials(p + 1, thread);
  for (var c = thread; c < HEAD; c += WORKGROUP) {
    var sum = 0.0;
    for (var i = 0u; i <= p; i++) { sum += scores[i] * qkv[base + i * 3 * D + 2 * D + c]; }
    out[(group.z * POSITIONS + p) * D + group.y * HEAD + c] = sum / total;
  }
}
