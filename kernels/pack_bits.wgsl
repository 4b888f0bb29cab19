// pack_bits: bit j of out[i] is set where x[i, j] > 0; NaN is not above zero
//
// x f32 [SIZE, BITS], out u32 [SIZE], BITS ≤ 32. A thread does one token.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

#include each_element

fn element(i: u32) {
  var token = 0u;
  for (var j = 0u; j < BITS; j++) {
    // By the bits of the float: compilers may take a comparison with NaN for anything.
    let word = bitcast<u32>(x[i * BITS + j]);
    if (word > 0 && word <= 0x7f800000) { token |= 1u << j; }
  }
  out[i] = token;
}
