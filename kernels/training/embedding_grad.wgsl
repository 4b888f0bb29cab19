// embedding_grad: out[w, c] = sum over i where min(index[i], VOCAB_SIZE − 1) = w of dy[i, c], in the order of i
//
// index u32 [ROWS], dy f32 [ROWS, WIDTH], out f32 [VOCAB_SIZE, WIDTH]. A thread does column c of EACH tokens: of all rows it adds
// those that are for one of them. SIZE threads.

@group(0) @binding(0) var<storage, read_write> index: array<u32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
  let c = i % WIDTH;
  let begin = i / WIDTH * EACH;
  let end = min(VOCAB_SIZE, begin + EACH);
  for (var word = begin; word < end; word++) { out[word * WIDTH + c] = 0.0; }
  for (var row = 0u; row < ROWS; row++) {
    let word = min(index[row], VOCAB_SIZE - 1);
    if (word >= begin && word < end) { out[word * WIDTH + c] = out[word * WIDTH + c] + dy[row * WIDTH + c]; }
  }
}
