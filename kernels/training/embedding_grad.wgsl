// embedding_grad: out[w, c] = sum over i where min(index[i], VOCAB_SIZE − 1) = w of dy[i, c], in the order of i
//
// index u32 [ROWS], dy f32 [ROWS, WIDTH], out f32 [VOCAB_SIZE, WIDTH]. Each of SIZE threads computes column c for EACH
// tokens: it reads the index of every row and adds the rows of its tokens.

@group(0) @binding(0) var<storage, read_write> index: array<u32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let c = i % WIDTH;
  let begin = i / WIDTH * EACH;
  let end = min(VOCAB_SIZE, begin + EACH);
  for (var token = begin; token < end; token++) { out[token * WIDTH + c] = 0.0; }
  for (var row = 0u; row < ROWS; row++) {
    let token = min(index[row], VOCAB_SIZE - 1);
    if (token >= begin && token < end) { out[token * WIDTH + c] = out[token * WIDTH + c] + dy[row * WIDTH + c]; }
  }
}
