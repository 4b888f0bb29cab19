// channel_sums, first pass: sums by channel over a block of positions
//
//   out[n, block, 0, c] = sum over the block of dy[n, i, c]
//   out[n, block, 1, c] = sum over the block of dy[n, i, c]·(x[n, i, c]·affine[n, 0, c] + affine[n, 1, c])
//
// x, dy f32 [N, POSITIONS, C], affine f32 [N, 2, C], out f32 [N, BLOCKS, 2, C]; a block is BLOCK positions, the last may
// be shorter. A thread does one channel of one block.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> affine: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let c = group.x * WORKGROUP + thread;
  if (c >= C) { return; }
  let scale = affine[group.z * 2 * C + c];
  let shift = affine[group.z * 2 * C + C + c];
  let end = min(POSITIONS, (group.y + 1) * BLOCK);
  var plain = 0.0;
  var normed = 0.0;
  for (var i = group.y * BLOCK; i < end; i++) {
    let at = (group.z * POSITIONS + i) * C + c;
    plain += dy[at];
    normed += dy[at] * (x[at] * scale + shift);
  }
  let at = (group.z * BLOCKS + group.y) * 2 * C + c;
  out[at] = plain;
  out[at + C] = normed;
}
