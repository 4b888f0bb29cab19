// philox: Philox4x32-10 (Salmon et al. 2011), four random words for each key and counter
//
// key u32 [SIZE, 2], counter and out u32 [SIZE, 4]. A thread does one counter.

@group(0) @binding(0) var<storage, read_write> key: array<u32>;
@group(0) @binding(1) var<storage, read_write> counter: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

#include philox_rounds
#include each_element

fn element(i: u32) {
  let k = vec2u(key[2 * i], key[2 * i + 1]);
  let c = philox(k, vec4u(counter[4 * i], counter[4 * i + 1], counter[4 * i + 2], counter[4 * i + 3]));
#for word < 4
  out[4 * i + {word}] = c[{word}];
#end
}
