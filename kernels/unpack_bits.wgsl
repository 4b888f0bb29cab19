// unpack_bits: out[i, j] = 1 if bit j of x[i] is set, else −1
//
// x u32 [SIZE / BITS], out f32 [SIZE / BITS, BITS]. A thread does one element of out.

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  out[i] = select(-1.0, 1.0, ((x[i / BITS] >> (i % BITS)) & 1) == 1);
}
