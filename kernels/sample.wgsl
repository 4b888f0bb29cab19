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
// keys, weights u32 [N, CHUNK, WORKGROUP]: scratch. Sums are whole numbers of 64 bits: exact in any order.
//
// A workgroup does one row; a thread owns CHUNK neighbouring tokens, UNROLL of them in a step, and reads only what it
// wrote itself. Tokens beyond the vocabulary have the lowest key and weigh nothing.
// Nothing is sorted. Thresholds are found by their digits of BITS bits, the highest first: the tokens that agree so far
// are summed by their next digit, and the first of the WORKGROUP = 2^BITS = ROOT² sums at which the running sum exceeds a
// goal tells it. ADDED sums are loaded at once.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> temperature: array<f32>;
@group(0) @binding(2) var<storage, read_write> top_k: array<u32>;
@group(0) @binding(3) var<storage, read_write> top_p: array<f32>;
@group(0) @binding(4) var<storage, read_write> random: array<u32>;
@group(0) @binding(5) var<storage, read_write> keys: array<u32>;
@group(0) @binding(6) var<storage, read_write> weights: array<u32>;
@group(0) @binding(7) var<storage, read_write> out: array<u32>;

#include wide

var<workgroup> low: array<atomic<u32>, WORKGROUP>;
var<workgroup> high: array<atomic<u32>, WORKGROUP>;
// Sums of ROOT neighbouring ones of these.
var<workgroup> blocks: array<vec2u, ROOT>;
struct Place { index: u32, before: vec2u }
var<workgroup> found: Place;
var<workgroup> filters: vec2u;
var<workgroup> largest: atomic<u32>;

// Sets the sum of this thread's number, once all have read the sums before.
fn put(value: vec2u, thread: u32) {
  workgroupBarrier();
  atomicStore(&low[thread], value.x);
  atomicStore(&high[thread], value.y);
}

// Adds to sum i, after all sums were put and a barrier.
fn add(i: u32, value: u32) {
  let old = atomicAdd(&low[i], value);
  if (old + value < old) { atomicAdd(&high[i], 1u); }
}

fn sum_at(i: u32) -> vec2u { return vec2u(atomicLoad(&low[i]), atomicLoad(&high[i])); }

// The sum of this thread's number, those before it together, and all.
struct Sums { own: vec2u, before: vec2u, all: vec2u }

// Ends all putting and adding, and reads the sums: those of a block one by one, then those of blocks.
fn running(thread: u32) -> Sums {
  workgroupBarrier();
  let place = thread % ROOT;
  let own = sum_at(thread);
  var before = vec2u();
  for (var i = 0u; i < ROOT; i += ADDED) {
#for j < ADDED
    if (i + {j} < place) { before = plus(before, sum_at(thread - place + i + {j})); }
#end
  }
  if (place == ROOT - 1) { blocks[thread / ROOT] = plus(before, own); }
  workgroupBarrier();
  var all = vec2u();
  for (var i = 0u; i < ROOT; i += ADDED) {
#for j < ADDED
    if (i + {j} == thread / ROOT) { before = plus(before, all); }
    all = plus(all, blocks[i + {j}]);
#end
  }
  return Sums(own, before, all);
}

// For all threads: the first sum with which the running sum exceeds a goal below all, and the running sum before it.
fn find(sums: Sums, goal: vec2u, thread: u32) -> Place {
  if (!exceeds(sums.before, goal) && exceeds(plus(sums.before, sums.own), goal)) {
    found = Place(thread, sums.before);
  }
  workgroupBarrier();
  return found;
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

// The digit of a key from bit `shift` on, 0 for the largest one.
fn digit_of(key: u32, shift: u32) -> u32 { return WORKGROUP - 1 - ((key >> shift) & (WORKGROUP - 1)); }

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let n = group.x;
  let own = n * CHUNK * WORKGROUP + thread;
  let first = thread * CHUNK;
  let heat = temperature[n];
  let greedy = heat == 0.0;
  if (thread == 0) {
    let k = top_k[n];
    let p = top_p[n];
    filters = vec2u(
      select(k, 0u, greedy || k >= V),
      select(u32(max(p, 0.0) * 16777216.0), 0xffffffffu, greedy || p >= 1.0),
    );
  }
  let chosen = workgroupUniformLoad(&filters);

  var own_largest = 0u;
  for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
    var key{u} = 0u;
    if (first + step + {u} < V) {
      let logit = logits[n * V + first + step + {u}];
      key{u} = key_of(select(logit / heat, logit, greedy));
    }
    own_largest = max(own_largest, key{u});
    keys[own + (step + {u}) * WORKGROUP] = key{u};
#end
  }
  atomicMax(&largest, own_largest);
  workgroupBarrier();
  let top = atomicLoad(&largest);
  // Keys of infinity and NaN: nothing can be sampled from what is left of them.
  let lost = top == 0xffffffff || (!greedy && (top >= 0xff800000 || top == 0x007fffff));

  // The least key that is kept: the largest one that chosen.x tokens reach.
  var threshold = 0u;
  if (chosen.x > 0) {
    var goal = chosen.x - 1;
    for (var bits = 32u; bits > 0; bits -= BITS) {
      let shift = bits - BITS;
      put(vec2u(), thread);
      workgroupBarrier();
      for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
        let key{u} = keys[own + (step + {u}) * WORKGROUP];
#end
#for u < UNROLL
        if (((key{u} ^ threshold) >> shift) < WORKGROUP) { add(digit_of(key{u}, shift), 1u); }
#end
      }
      let place = find(running(thread), vec2u(goal, 0), thread);
      goal -= place.before.x;
      threshold |= (WORKGROUP - 1 - place.index) << shift;
    }
  }

  for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
    let key{u} = keys[own + (step + {u}) * WORKGROUP];
    var weight{u} = 0u;
    if (greedy) { weight{u} = select(0u, 0x80000000u, key{u} == top); }
    else if (!lost && key{u} > 0 && key{u} >= threshold) { weight{u} = weight_of(value_of(key{u}) - value_of(top)); }
    weights[own + (step + {u}) * WORKGROUP] = weight{u};
#end
  }

  if (chosen.y <= 16777216) {
    // The key at which the sum of the weights, from the largest key on, exceeds the share.
    var edge = 0u;
    var rest = vec2u();
    for (var bits = 32u; bits > 0; bits -= BITS) {
      let shift = bits - BITS;
      put(vec2u(), thread);
      workgroupBarrier();
      for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
        let key{u} = keys[own + (step + {u}) * WORKGROUP];
        let weight{u} = weights[own + (step + {u}) * WORKGROUP];
#end
#for u < UNROLL
        if (weight{u} > 0 && ((key{u} ^ edge) >> shift) < WORKGROUP) { add(digit_of(key{u}, shift), weight{u}); }
#end
      }
      let sums = running(thread);
      if (bits == 32) { rest = part_of(sums.all, chosen.y); }
      let place = find(sums, rest, thread);
      rest = minus(rest, place.before);
      edge |= (WORKGROUP - 1 - place.index) << shift;
    }
    // Of the tokens with this key, which are equal, those are kept before which no more than the rest lies.
    var equal = vec2u();
    for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
      if (keys[own + (step + {u}) * WORKGROUP] == edge) {
        equal = plus(equal, vec2u(weights[own + (step + {u}) * WORKGROUP], 0));
      }
#end
    }
    put(equal, thread);
    let last = find(running(thread), rest, thread);
    var sum = last.before;
    for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
      let key{u} = keys[own + (step + {u}) * WORKGROUP];
      let weight{u} = weights[own + (step + {u}) * WORKGROUP];
#end
#for u < UNROLL
      var dropped{u} = key{u} < edge;
      if (key{u} == edge) {
        dropped{u} = thread > last.index || (thread == last.index && exceeds(sum, rest));
        sum = plus(sum, vec2u(weight{u}, 0));
      }
      if (dropped{u}) { weights[own + (step + {u}) * WORKGROUP] = 0u; }
#end
    }
  }

  var kept = vec2u();
  for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
    kept = plus(kept, vec2u(weights[own + (step + {u}) * WORKGROUP], 0));
#end
  }
  put(kept, thread);
  let sums = running(thread);
  let goal = part_of(sums.all, select(random[4 * n + WORD] >> 8, 0u, greedy));
  let place = find(sums, goal, thread);
  if (thread != select(place.index, 0u, lost)) { return; }
  var sampled = 0xffffffffu;
  var sum = place.before;
  for (var step = 0u; step < CHUNK; step += UNROLL) {
#for u < UNROLL
    sum = plus(sum, vec2u(weights[own + (step + {u}) * WORKGROUP], 0));
    if (sampled == 0xffffffff && exceeds(sum, goal)) { sampled = first + step + {u}; }
#end
  }
  for (var i = 0u; i < REPEAT; i++) { out[i * N + n] = select(sampled, 0xffffffffu, lost); }
}
