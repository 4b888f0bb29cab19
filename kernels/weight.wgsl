// A weight matrix [O, K4 vectors of four] and the functions that load it, included by other kernels
//
// F16: f16, two in a word. QUANTIZED: rows of ROW_WORDS words, bytes, or with Q4 4 bits each, the first lowest;
// behind all rows the scales of their blocks of 32 values, as f16, SCALE_WORDS words a row. Otherwise f32.
// WIDE: rows are read in chunks of 16 bytes, which hold CHUNK4 vectors of k and, if QUANTIZED, have one scale.

#if WIDE
@group(0) @binding(AT) var<storage, read_write> weight: array<vec4u>;
fn chunk_of_weight(o: u32, c: u32) -> vec4u { return weight[o * (K4 / CHUNK4) + c]; }
#if QUANTIZED
fn scale_of_weight(o: u32, c: u32) -> f32 {
  let block = c * CHUNK4 / 8;
  let at = O * ROW_WORDS + o * SCALE_WORDS + block / 2;
  let scales = unpack2x16float(weight[at / 4][at % 4]);
  return select(scales.x, scales.y, (block & 1) != 0);
}
#end
#else
#if QUANTIZED
@group(0) @binding(AT) var<storage, read_write> weight: array<u32>;
#include whole_numbers
fn load_weight(o: u32, k: u32) -> vec4f {
  let scales = unpack2x16float(weight[O * ROW_WORDS + o * SCALE_WORDS + k / 16]);
  let scale = select(scales.x, scales.y, (k & 8) != 0);
#if Q4
  return scale * nibbles_of(weight[o * ROW_WORDS + k / 2] >> (16 * (k & 1)));
#else
  return scale * bytes_of(weight[o * ROW_WORDS + k]);
#end
}
#else
#if F16
@group(0) @binding(AT) var<storage, read_write> weight: array<vec2u>;
fn load_weight(o: u32, k: u32) -> vec4f {
  let words = weight[o * K4 + k];
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}
#else
@group(0) @binding(AT) var<storage, read_write> weight: array<vec4f>;
fn load_weight(o: u32, k: u32) -> vec4f { return weight[o * K4 + k]; }
#end
#end
#end
