// group_norm, second pass: scale and shift of each channel
//
//   scale = weight / sqrt(variance + EPS), shift = bias − mean · scale, with the statistics of the channel's group
//   variance = (sum of the partials' squares + sum of count · (partial mean − mean)²) / elements
//
// partials f32 [N, BLOCKS, 2, C] of the first pass
// weight, bias f32 [C]; if EACH [N, C]
// out f32 [N, 2, C]: scales, then shifts
//
// A workgroup does one group of one image: WIDTH = C / GROUPS channels. Its threads sum every WORKGROUP-th partial,
// then a tree sums the threads.

@group(0) @binding(0) var<storage, read_write> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

var<workgroup> sums: array<f32, WORKGROUP>;

// The sum of all threads' values, for all threads.
fn total(value: f32, thread: u32) -> f32 {
  workgroupBarrier();
  sums[thread] = value;
  workgroupBarrier();
  for (var half = WORKGROUP / 2; half > 0; half /= 2) {
    if (thread < half) { sums[thread] += sums[thread + half]; }
    workgroupBarrier();
  }
  return sums[0];
}

fn positions_of(block: u32) -> f32 { return f32(min(BLOCK, POSITIONS - block * BLOCK)); }

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let image = group.y;
  let base = image * BLOCKS * 2 * C + group.x * WIDTH;
  var sum = 0.0;
  for (var i = thread; i < BLOCKS * WIDTH; i += WORKGROUP) {
    let block = i / WIDTH;
    sum += positions_of(block) * partials[base + block * 2 * C + i % WIDTH];
  }
  let elements = f32(POSITIONS * WIDTH);
  let mean = total(sum, thread) / elements;
  var squares = 0.0;
  for (var i = thread; i < BLOCKS * WIDTH; i += WORKGROUP) {
    let block = i / WIDTH;
    let at = base + block * 2 * C + i % WIDTH;
    let d = partials[at] - mean;
    squares += partials[at + C] + positions_of(block) * d * d;
  }
  let inverse = 1.0 / sqrt(total(squares, thread) / elements + EPS);
  for (var i = thread; i < WIDTH; i += WORKGROUP) {
    let c = group.x * WIDTH + i;
#if EACH
    let at = image * C + c;
#else
    let at = c;
#end
    let scale = weight[at] * inverse;
    out[image * 2 * C + c] = scale;
    out[image * 2 * C + C + c] = bias[at] - mean * scale;
  }
}
