// Attention of one query by a workgroup: the softmax over i < count of query · key i / sqrt(HEAD), times value i
//
// Included by kernels of attention, which fill `query` and define load_key(i, c), load_value(i, c) and store_sum(c, v),
// c a vector of four of HEAD4. LANES neighbouring threads share a key, and CHANNELS a value, so that they read
// neighbouring vectors; there are GROUPS of the latter, each with every GROUPS-th position. Loads of UNROLL positions
// do not wait for each other. What the threads leave is added in a fixed order.

var<workgroup> query: array<vec4f, HEAD4>;
// Sums of each lane; the first POSITIONS then become the scores.
var<workgroup> scores: array<f32, LANES * POSITIONS>;
var<workgroup> parts: array<f32, WORKGROUP>;
var<workgroup> sums: array<vec4f, GROUPS * HEAD4>;

#include softmax
#include plus_dot

fn attend(count: u32, thread: u32) {
  workgroupBarrier();
  let lane = thread % LANES;
  for (var first = thread / LANES; first < count; first += UNROLL * (WORKGROUP / LANES)) {
#for u < UNROLL
    let i{u} = first + {u} * (WORKGROUP / LANES);
    let at{u} = min(i{u}, count - 1);
    var sum{u} = 0.0;
#end
    for (var own = lane; own < HEAD4; own += EACH * LANES) {
#for s < EACH
      let c{s} = own + {s} * LANES;
      let q{s} = query[c{s}];
#for u < UNROLL
      sum{u} = plus_dot(sum{u}, q{s}, load_key(at{u}, c{s}));
#end
#end
    }
#for u < UNROLL
    if (i{u} < count) { scores[lane * POSITIONS + i{u}] = sum{u}; }
#end
  }
  workgroupBarrier();
  for (var i = thread; i < count; i += WORKGROUP) {
    var sum = 0.0;
#for l < LANES
    sum += scores[{l} * POSITIONS + i];
#end
    scores[i] = sum / sqrt(f32(HEAD));
  }
  let total = exponentials(count, thread);
  let group = thread / CHANNELS;
  if (group < GROUPS) {
    for (var c = thread % CHANNELS; c < HEAD4; c += CHANNELS) {
      var sum = vec4f();
      for (var first = group; first < count; first += UNROLL * GROUPS) {
#for u < UNROLL
        let i{u} = first + {u} * GROUPS;
        let v{u} = load_value(min(i{u}, count - 1), c);
#end
#for u < UNROLL
        if (i{u} < count) { sum += scores[i{u}] * v{u}; }
#end
      }
      sums[group * HEAD4 + c] = sum;
    }
  }
  workgroupBarrier();
  for (var c = thread; c < HEAD4; c += WORKGROUP) {
    var sum = vec4f();
#for g < GROUPS
    sum += sums[{g} * HEAD4 + c];
#end
    store_sum(c, sum / total);
  }
}
