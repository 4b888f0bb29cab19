// Four values of a weight matrix [O, K4 vectors], included by other kernels
//
// F16: halves, two in a word. Q8: bytes, four in a word; behind all rows the scales of their blocks of 32 values, as
// halves, SCALE_WORDS words a row. Otherwise f32.

#if Q8
fn load_weight(o: u32, k: u32) -> vec4f {
  let scales = unpack2x16float(weight[O * K4 + o * SCALE_WORDS + k / 16]);
  return select(scales.x, scales.y, (k & 8) != 0) * bytes_of(weight[o * K4 + k]);
}
fn bytes_of(word: u32) -> vec4f {
  return vec4f(vec4i(vec4u(word << 24, word << 16, word << 8, word)) >> vec4u(24));
}
#else
#if F16
fn load_weight(o: u32, k: u32) -> vec4f {
  let words = weight[o * K4 + k];
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}
#else
fn load_weight(o: u32, k: u32) -> vec4f { return weight[o * K4 + k]; }
#end
#end
