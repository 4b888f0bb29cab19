// Four signed whole numbers of 8 or 4 bits, the first lowest; included by other kernels
//
// A number without its sign becomes the last bits of a float of 2²³ and more, which GPUs do faster than a conversion.
fn bytes_of(word: u32) -> vec4f {
  let own = word ^ 0x80808080;
  return bitcast<vec4f>((vec4u(own, own >> 8, own >> 16, own >> 24) & vec4u(255)) | vec4u(0x4b000000)) - 8388736.0;
}
fn nibbles_of(word: u32) -> vec4f {
  let own = word ^ 0x8888;
  return bitcast<vec4f>((vec4u(own, own >> 4, own >> 8, own >> 12) & vec4u(15)) | vec4u(0x4b000000)) - 8388616.0;
}
