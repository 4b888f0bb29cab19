// attention_step: one position joins the cache and attends over it, by head
//
//   k and v of qkv[r] go to cache[r, 0 or 1, h, p], p = position[r]; with TABLE q and k are turned first as in rope
//   out[r, h] = sum over i ≤ p of softmax(q · cache[r, 0, h, i] / sqrt(HEAD)) · cache[r, 1, h, i]
//
// qkv f32 [R, 3·D] in heads of HEAD; cache f32 [R, 2, HEADS, POSITIONS, HEAD], a state, with F16 in f16, two in a word; position u32 [R];
// table f32 [positions, HEAD] of cosines and sines; out f32 [R, D].
// A workgroup does one head of one row, which owns its part of the cache.

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
#if F16
@group(0) @binding(1) var<storage, read_write> cache: array<u32>;
#else
@group(0) @binding(1) var<storage, read_write> cache: array<f32>;
#end
@group(0) @binding(2) var<storage, read_write> position: array<u32>;
#if TABLE
@group(0) @binding(3) var<storage, read_write> table: array<f32>;
#end
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

var<workgroup> query: array<f32, HEAD>;
var<workgroup> scores: array<f32, POSITIONS>;
var<workgroup> parts: array<f32, WORKGROUP>;

#include softmax

// Element c of q or k, turned.
fn turned(base: u32, c: u32, p: u32) -> f32 {
#if TABLE
  let at = p * HEAD + c / 2 * 2;
  let other = qkv[base + (c ^ 1)];
  return qkv[base + c] * table[at] + select(other, -other, (c & 1) == 0) * table[at + 1];
#else
  return qkv[base + c];
#end
}

fn cached(at: u32) -> f32 {
#if F16
  let pair = unpack2x16float(cache[at / 2]);
  return select(pair.x, pair.y, (at & 1) == 1);
#else
  return cache[at];
#end
}

#if F16
#include f16
#end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.y;
  let p = min(position[row], POSITIONS - 1);
  let base = row * 3 * D + group.x * HEAD;
  let keys = (row * 2 * HEADS + group.x) * POSITIONS * HEAD;
  let values = keys + HEADS * POSITIONS * HEAD;
#if F16
  for (var c = 2 * thread; c < HEAD; c += 2 * WORKGROUP) {
    query[c] = turned(base, c, p);
    query[c + 1] = turned(base, c + 1, p);
    cache[(keys + p * HEAD + c) / 2] = f16_pair_of(turned(base + D, c, p), turned(base + D, c + 1, p));
    cache[(values + p * HEAD + c) / 2] = f16_pair_of(qkv[base + 2 * D + c], qkv[base + 2 * D + c + 1]);
  }
#else
  for (var c = thread; c < HEAD; c += WORKGROUP) {
    query[c] = turned(base, c, p);
    cache[keys + p * HEAD + c] = turned(base + D, c, p);
    cache[values + p * HEAD + c] = qkv[base + 2 * D + c];
  }
#end
  storageBarrier();
  workgroupBarrier();
  for (var i = thread; i <= p; i += WORKGROUP) {
    var sum = 0.0;
    for (var c = 0u; c < HEAD; c++) { sum += query[c] * cached(keys + i * HEAD + c); }
    scores[i] = sum / sqrt(f32(HEAD));
  }
  let total = exponentials(p + 1, thread);
  for (var c = thread; c < HEAD; c += WORKGROUP) {
    var sum = 0.0;
    for (var i = 0u; i <= p; i++) { sum += scores[i] * cached(values + i * HEAD + c); }
    out[row * D + group.x * HEAD + c] = sum / total;
  }
}
