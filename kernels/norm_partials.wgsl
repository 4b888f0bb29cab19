// group_norm, first pass: mean and sum of squared deviations of each channel over a block of positions
//
//   partials[n, block, 0, c] = mean over the block of x[n, i, c]
//   partials[n, block, 1, c] = sum over the block of (x[n, i, c] − that mean)²
//
// x f32 [N, POSITIONS, C], partials f32 [N, BLOCKS, 2, C]; a block is BLOCK positions, the last may be shorter.
// A workgroup does one block of WORKGROUP channels, a thread one channel of it, in two passes over the block: the
// squares are taken of differences, so that a large mean does not eat the variance's digits.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let c = group.x * WORKGROUP + thread;
  if (c >= C) { return; }
  let block = group.y;
  let image = group.z;
  let first = block * BLOCK;
  let count = min(BLOCK, POSITIONS - first);
  let base = (image * POSITIONS + first) * C + c;
  var sum = 0.0;
  for (var i = 0u; i < count; i++) { sum += x[base + i * C]; }
  let mean = sum / f32(count);
  var squares = 0.0;
  for (var i = 0u; i < count; i++) {
    let d = x[base + i * C] - mean;
    squares += d * d;
  }
  let at = (image * BLOCKS + block) * 2 * C + c;
  partials[at] = mean;
  partials[at + C] = squares;
}
