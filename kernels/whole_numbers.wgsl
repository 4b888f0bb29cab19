// Four signed whole numbers of 8 or 4 bits, the first lowest; included by other kernels
fn bytes_of(word: u32) -> vec4f {
  return vec4f(vec4i(vec4u(word << 24, word << 16, word << 8, word)) >> vec4u(24));
}
fn nibbles_of(word: u32) -> vec4f {
  return vec4f(vec4i(vec4u(word << 28, word << 24, word << 20, word << 16)) >> vec4u(28));
}
