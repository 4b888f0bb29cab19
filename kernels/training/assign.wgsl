// assign: out[i] = value[i], unless WHEN and condition is 0
//
// value, out words, SIZE of them; condition u32 [1]. A thread does one word.

@group(0) @binding(0) var<storage, read_write> value: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
#if WHEN
@group(0) @binding(2) var<storage, read_write> condition: array<u32>;
#end

#include each_element

fn element(i: u32) {
#if WHEN
  if (condition[0] == 0) { return; }
#end
  out[i] = value[i];
}
