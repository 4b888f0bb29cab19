// slice: out[outer, j] = x[outer, FIRST + j]
//
// x words [OUTER, LENGTH], out words [OUTER, RUN], SIZE of them: the axes behind the sliced one count with it.
// A thread copies one word.

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

#include each_element

fn element(i: u32) {
  out[i] = x[i / RUN * LENGTH + FIRST + i % RUN];
}
