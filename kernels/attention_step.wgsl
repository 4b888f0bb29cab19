// attention_step: one position joins the cache and attends over it, by head
//
//   k and v of qkv[r] go to cache[r, 0 or 1, h, p], p = position[r]; with TABLE q and k are turned first as in rope
//   out[r, h] = sum over i ≤ p of softmax(q · cache[r, 0, h, i] / sqrt(HEAD)) · cache[r, 1, h, i]
//
// qkv f32 [R, 3·D] in heads of HEAD; cache f32 [R, 2, HEADS, POSITIONS, HEAD], a state, with F16 in f16, two in a word;
// position u32 [R]; table f32 [positions, HEAD] of cosines and sines; out f32 [R, D].
// A workgroup does one head of one row, which owns its part of the cache, see `attend.wgsl`.

#include vector as qkv at 0
#if F16
#if VECTOR
@group(0) @binding(1) var<storage, read_write> cache: array<vec2u>;
#else
@group(0) @binding(1) var<storage, read_write> cache: array<u32>;
#end
#else
#if VECTOR
@group(0) @binding(1) var<storage, read_write> cache: array<vec4f>;
#else
@group(0) @binding(1) var<storage, read_write> cache: array<f32>;
#end
#end
@group(0) @binding(2) var<storage, read_write> position: array<u32>;
#if TABLE
#include vector as table at 3
#end
#include stored as out at 4

#if F16
#include f16
#end

// Four elements of a key or value that begins at element `first` of the cache.
fn load_cached(first: u32, c: u32) -> vec4f {
#if VECTOR
  let own = cache[first / 4 + c];
#if F16
  return vec4f(unpack2x16float(own.x), unpack2x16float(own.y));
#else
  return own;
#end
#else
  var v = vec4f();
#if F16
#for i < 2
  if (4 * c + 2 * {i} < HEAD) {
    let pair = unpack2x16float(cache[first / 2 + 2 * c + {i}]);
    v[2 * {i}] = pair.x;
    v[2 * {i} + 1] = pair.y;
  }
#end
#else
#for i < 4
  if (4 * c + {i} < HEAD) { v[{i}] = cache[first + 4 * c + {i}]; }
#end
#end
  return v;
#end
}

fn store_cached(first: u32, c: u32, v: vec4f) {
#if VECTOR
#if F16
  cache[first / 4 + c] = vec2u(f16_pair_of(v.x, v.y), f16_pair_of(v.z, v.w));
#else
  cache[first / 4 + c] = v;
#end
#else
#if F16
#for i < 2
  if (4 * c + 2 * {i} < HEAD) { cache[first / 2 + 2 * c + {i}] = f16_pair_of(v[2 * {i}], v[2 * {i} + 1]); }
#end
#else
#for i < 4
  if (4 * c + {i} < HEAD) { cache[first + 4 * c + {i}] = v[{i}]; }
#end
#end
#end
}

// Where keys, values and the result of this row and head begin.
var<private> keys: u32;
var<private> values: u32;
var<private> result: u32;

fn load_key(i: u32, c: u32) -> vec4f { return load_cached(keys + i * HEAD, c); }
fn load_value(i: u32, c: u32) -> vec4f { return load_cached(values + i * HEAD, c); }
fn store_sum(c: u32, v: vec4f) { store_out(result, c, HEAD, v); }

#include attend

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.y;
  let p = min(position[row], POSITIONS - 1);
  keys = (row * 2 * HEADS + group.x) * POSITIONS * HEAD;
  values = keys + HEADS * POSITIONS * HEAD;
  result = row * D + group.x * HEAD;
  // Vectors of q, then of k and of v.
  for (var i = thread; i < 3 * HEAD4; i += WORKGROUP) {
    let kind = i / HEAD4;
    let c = i % HEAD4;
    var v = load_qkv(row * 3 * D + kind * D + group.x * HEAD, c, HEAD);
#if TABLE
    if (kind < 2) {
      let turn = load_table(p * HEAD, c, HEAD);
      v = v * turn.xxzz + vec4f(-v.y, v.x, -v.w, v.z) * turn.yyww;
    }
#end
    if (kind == 0) { query[c] = v; }
    else { store_cached(select(values, keys, kind == 1) + p * HEAD, c, v); }
  }
  storageBarrier();
  attend(p + 1, thread);
}
