// attention_grad, second pass: the gradients by the keys and values
//
//   dk[i] = sum over p ≥ i of P[p, i]·(dy[p] · v[i] − a[p]) / sqrt(HEAD) · q[p]     dv[i] = sum over p ≥ i of P[p, i]·dy[p]
//
// Names and layouts as in the first pass. A workgroup does one position i of one head.

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

var<workgroup> weights: array<f32, POSITIONS>;
var<workgroup> slopes: array<f32, POSITIONS>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = group.x;
  let base = group.z * POSITIONS * 3 * D + group.y * HEAD;
  let gradients = group.z * POSITIONS * D + group.y * HEAD;
  for (var p = i + thread; p < POSITIONS; p += WORKGROUP) {
    var score = 0.0;
    var slope = 0.0;
    for (var c = 0u; c < HEAD; c++) {
      score += qkv[base + p * 3 * D + c] * qkv[base + i * 3 * D + D + c];
      slope += dy[gradients + p * D + c] * qkv[base + i * 3 * D + 2 * D + c];
    }
    let row = ((group.z * HEADS + group.y) * POSITIONS + p) * 2;
    let weight = exp(score / sqrt(f32(HEAD)) - rows[row]);
    weights[p] = weight;
    slopes[p] = weight * (slope - rows[row + 1]) / sqrt(f32(HEAD));
  }
  workgroupBarrier();
  for (var c = thread; c < HEAD; c += WORKGROUP) {
    var dk = 0.0;
    var dv = 0.0;
    for (var p = i; p < POSITIONS; p++) {
      dk += slopes[p] * qkv[base + p * 3 * D + c];
      dv += weights[p] * dy[gradients + p * D + c];
    }
    out[base + i * 3 * D + D + c] = dk;
    out[base + i * 3 * D + 2 * D + c] = dv;
  }
}
