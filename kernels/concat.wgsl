// concat: out[outer] = the words of lhs[outer], then those of rhs[outer]
//
// lhs words [OUTER, LEFT], rhs words [OUTER, RIGHT], out words [OUTER, LEFT + RIGHT], SIZE of them: the axes behind the
// joined one count with it. A thread copies one word. Where LEFT or RIGHT is 0, the operand is never read.

@group(0) @binding(0) var<storage, read_write> lhs: array<u32>;
@group(0) @binding(1) var<storage, read_write> rhs: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

#include each_element

fn element(i: u32) {
  let outer = i / (LEFT + RIGHT);
  let j = i % (LEFT + RIGHT);
  if (j < LEFT) { out[i] = lhs[outer * LEFT + j]; }
  else { out[i] = rhs[outer * RIGHT + j - LEFT]; }
}
