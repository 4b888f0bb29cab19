// sample: samples one of V tokens from each row of logits
//
//   y = logits / temperature; weights exp(y − max y) in fixed point, whole numbers of 2⁻³¹
//   top-k keeps the tokens with y ≥ the k-th largest. top-p sorts them in descending order, ties by index, and keeps a
//   token if the sum of the weights before it is at most p times the sum of all kept weights
//   the token sampled is the first at which the sum of the weights, in the order of the vocabulary, exceeds u · total,
//   u = the upper 24 bits of random[n, WORD] / 2²⁴; temperature 0 takes the largest logit, the first of equal ones
//   NaN among the logits, or nothing to sample from, gives 2³² − 1
//
// logits f32 [N, V]; temperature, top_p f32 [N]; top_k u32 [N]; random u32 [N, 4]; out u32 [REPEAT · N];
// keys, weights u32 [N, V]: scratch. Sums are whole numbers of 64 bits: exact in any order.
//
// A workgroup does one row; a thread owns CHUNK neighbouring tokens, and reads only what it wrote itself. Thresholds are
// found bit by bit, from sums over all tokens, without sorting.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> temperature: array<f32>;
@group(0) @binding(2) var<storage, read_write> top_k: array<u32>;
@group(0) @binding(3) var<storage, read_write> top_p: array<f32>;
@group(0) @binding(4) var<storage, read_write> random: array<u32>;
@group(0) @binding(5) var<storage, read_write> keys: array<u32>;
@group(0) @binding(6) var<storage, read_write> weights: array<u32>;
@group(0) @binding(7) var<storage, read_write> out: array<u32>;

#include wide

var<workgroup> sums: array<vec2u, WORKGROUP>;
var<workgroup> maxima: array<u32, WORKGROUP>;
var<workgroup> filters: vec2u;
var<workgroup> sampled: atomic<u32>;

// The sum of all threads' values, for all threads.
fn total(value: vec2u, thread: u32) -> vec2u {
  workgroupBarrier();
  sums[thread] = value;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { sums[thread] = plus(sums[thread], sums[thread + half]); }
    workgroupBarrier();
  }
  return sums[0];
}

// The sum of the values of the threads before this one.
fn before(value: vec2u, thread: u32) -> vec2u {
  workgroupBarrier();
  sums[thread] = value;
  workgroupBarrier();
  for (var step = 1u; step < WORKGROUP; step *= 2) {
    var sum = sums[thread];
    if (thread >= step) { sum = plus(sum, sums[thread - step]); }
    workgroupBarrier();
    sums[thread] = sum;
    workgroupBarrier();
  }
  if (thread == 0) { return vec2u(); }
  return sums[thread - 1];
}

// The largest of all threads' values, for all threads.
fn largest(value: u32, thread: u32) -> u32 {
  workgroupBarrier();
  maxima[thread] = value;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { maxima[thread] = max(maxima[thread], maxima[thread + half]); }
    workgroupBarrier();
  }
  return maxima[0];
}

// Floats as whole numbers of the same order; zeros are one, NaN is above all.
fn key_of(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) { return 0xffffffff; }
  if ((bits & 0x7fffffff) == 0) { return 0x80000000; }
  return bits ^ select(0x80000000u, 0xffffffffu, (bits >> 31) == 1);
}
fn value_of(key: u32) -> f32 {
  return bitcast<f32>(key ^ select(0xffffffffu, 0x80000000u, (key >> 31) == 1));
}

// exp(x) · 2³¹ for x ≤ 0: x = n·ln 2 + r, the series to r⁷.
fn weight_of(x: f32) -> u32 {
  if (x < -22.0) { return 0u; }
  let n = floor(x * 1.4426950408889634 + 0.5);
  let r = (x - n * 0.693359375) + n * 2.12194440e-4;
  var e = 1.0 / 5040.0;
  e = e * r + 1.0 / 720.0;
  e = e * r + 1.0 / 120.0;
  e = e * r + 1.0 / 24.0;
  e = e * r + 1.0 / 6.0;
  e = e * r + 0.5;
  e = e * r + 1.0;
  e = e * r + 1.0;
  return u32(e * bitcast<f32>(u32(i32(n) + 158) << 23));
}

// floor(fraction / 2²⁴ · sum)
fn part_of(sum: vec2u, fraction: u32) -> vec2u {
  let high = product(sum.y, fraction);
  let low = product(sum.x, fraction);
  return plus(vec2u(high.x << 8, (high.y << 8) | (high.x >> 24)), vec2u((low.x >> 24) | (low.y << 8), low.y >> 24));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let n = group.x;
  let first = n * V + min(thread * CHUNK, V);
  let end = n * V + min((thread + 1) * CHUNK, V);
  let heat = temperature[n];
  let greedy = heat == 0.0;
  if (thread == 0) {
    let k = top_k[n];
    let p = top_p[n];
    filters = vec2u(
      select(k, 0u, greedy || k >= V),
      select(u32(max(p, 0.0) * 16777216.0), 0xffffffffu, greedy || p >= 1.0),
    );
    atomicStore(&sampled, 0xffffffffu);
  }
  let chosen = workgroupUniformLoad(&filters);

  var top = 0u;
  for (var i = first; i < end; i++) {
    let key = key_of(select(logits[i] / heat, logits[i], greedy));
    keys[i] = key;
    top = max(top, key);
  }
  top = largest(top, thread);
  // Keys of infinity and NaN: nothing can be sampled from what is left of them.
  let lost = top == 0xffffffff || (!greedy && (top >= 0xff800000 || top == 0x007fffff));
  for (var i = first; i < end; i++) {
    var weight = 0u;
    if (greedy) { weight = select(0u, 0x80000000u, keys[i] == top); }
    else if (!lost) { weight = weight_of(value_of(keys[i]) - value_of(top)); }
    weights[i] = weight;
  }

  if (chosen.x > 0) {
    // The largest key that chosen.x tokens reach.
    var threshold = 0u;
    for (var bit = 0x80000000u; bit > 0; bit >>= 1) {
      var count = 0u;
      for (var i = first; i < end; i++) { count += select(0u, 1u, keys[i] >= (threshold | bit)); }
      if (total(vec2u(count, 0), thread).x >= chosen.x) { threshold |= bit; }
    }
    for (var i = first; i < end; i++) { if (keys[i] < threshold) { weights[i] = 0u; } }
  }

  if (chosen.y <= 16777216) {
    var kept = vec2u();
    for (var i = first; i < end; i++) { kept = plus(kept, vec2u(weights[i], 0)); }
    let share = part_of(total(kept, thread), chosen.y);
    // The largest key above which more than the share lies: it and those below are dropped.
    var below = 0u;
    for (var bit = 0x80000000u; bit > 0; bit >>= 1) {
      var above = vec2u();
      for (var i = first; i < end; i++) {
        if (keys[i] > (below | bit)) { above = plus(above, vec2u(weights[i], 0)); }
      }
      if (exceeds(total(above, thread), share)) { below |= bit; }
    }
    // Of the tokens with the next key, which are equal, some may still be kept.
    let edge = below + 1;
    var above = vec2u();
    var equal = 0u;
    for (var i = first; i < end; i++) {
      if (keys[i] > edge) { above = plus(above, vec2u(weights[i], 0)); }
      equal += select(0u, 1u, keys[i] == edge);
    }
    let beyond = total(above, thread);
    var rank = before(vec2u(equal, 0), thread).x;
    for (var i = first; i < end; i++) {
      if (keys[i] < edge) { weights[i] = 0u; }
      if (keys[i] == edge) {
        if (exceeds(plus(beyond, product(rank, weights[i])), share)) { weights[i] = 0u; }
        rank++;
      }
    }
  }

  var own = vec2u();
  for (var i = first; i < end; i++) { own = plus(own, vec2u(weights[i], 0)); }
  let goal = part_of(total(own, thread), select(random[4 * n + WORD] >> 8, 0u, greedy));
  var sum = before(own, thread);
  for (var i = first; i < end; i++) {
    let next = plus(sum, vec2u(weights[i], 0));
    if (exceeds(next, goal) && !exceeds(sum, goal)) { atomicStore(&sampled, i - n * V); }
    sum = next;
  }
  workgroupBarrier();
  if (thread < REPEAT) { out[thread * N + n] = select(atomicLoad(&sampled), 0xffffffffu, lost); }
}
