// attention: causal attention of each position over those up to it, by head
//
//   out[b, p, h] = sum over i ≤ p of softmax(q[p] · k[i] / sqrt(HEAD)) · v[i]
//
// qkv f32 [B, POSITIONS, 3·D]: q, k and v of D elements, in heads of HEAD. out f32 [B, POSITIONS, D].
// A workgroup does one position of one head, see `attend.wgsl`.

#include vector as qkv at 0
#include stored as out at 1

// Where q of the sequence's first position begins, and the result.
var<private> base: u32;
var<private> result: u32;

fn load_key(i: u32, c: u32) -> vec4f { return load_qkv(base + i * 3 * D + D, c, HEAD); }
fn load_value(i: u32, c: u32) -> vec4f { return load_qkv(base + i * 3 * D + 2 * D, c, HEAD); }
fn store_sum(c: u32, v: vec4f) { store_out(result, c, HEAD, v); }

#include attend

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let p = group.x;
  base = group.z * POSITIONS * 3 * D + group.y * HEAD;
  result = (group.z * POSITIONS + p) * D + group.y * HEAD;
  for (var c = thread; c < HEAD4; c += WORKGROUP) { query[c] = load_qkv(base + p * 3 * D, c, HEAD); }
  attend(p + 1, thread);
}
