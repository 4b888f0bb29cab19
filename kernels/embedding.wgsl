// embedding: out[i, c] = table[min(index[i], VOCAB_SIZE − 1), c]
//
// table f32 [VOCAB_SIZE, WIDTH]; if F16 in f16, two in a word, ROW_WORDS words a row. index u32 [SIZE / WIDTH].
// out f32 [SIZE / WIDTH, WIDTH]. A thread does one element of out.

#if F16
@group(0) @binding(0) var<storage, read_write> table: array<u32>;
#else
@group(0) @binding(0) var<storage, read_write> table: array<f32>;
#end
@group(0) @binding(1) var<storage, read_write> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let row = min(index[i / WIDTH], VOCAB_SIZE - 1);
  let c = i % WIDTH;
#if F16
  let pair = unpack2x16float(table[row * ROW_WORDS + c / 2]);
  out[i] = select(pair.x, pair.y, (c & 1) == 1);
#else
  out[i] = table[row * WIDTH + c];
#end
}
