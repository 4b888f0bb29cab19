// select: out[r, j] = lhs[r, j] where condition[r] is not 0, else rhs[r, j]
//
// condition u32 [R]; lhs, rhs and out words [R, WIDTH], SIZE of them. A thread copies one word.

@group(0) @binding(0) var<storage, read_write> condition: array<u32>;
@group(0) @binding(1) var<storage, read_write> lhs: array<u32>;
@group(0) @binding(2) var<storage, read_write> rhs: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

#include each_element

fn element(i: u32) {
  if (condition[i / WIDTH] != 0) { out[i] = lhs[i]; }
  else { out[i] = rhs[i]; }
}
