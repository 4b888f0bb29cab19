// Dropout by counted random numbers: the mask is recomputed wherever it is needed.
import { ELEMENT_BLOCK } from "./blocks";
import { arg, pointer, splat } from "./simd";

/*
 * out[i] = x[i]·m, m = scale where word i mod 4 of Philox4x32-10 under key (r0, r1) and counter (⌊i/4⌋, site, r2, r3)
 * is at least the threshold, else 0: NaN stays NaN. Arguments: x, random u32 [4] = r, out, elements (buffers are padded to 16 bytes),
 * threshold u32, scale f32, site u32. Item: a block of 4096 elements.
 */
// @training
export function dropout(args: usize, item: i32): void {
  const begin = item * ELEMENT_BLOCK, end = min(begin + ELEMENT_BLOCK, arg(args, 3)), random = pointer(args, 1);
  const key0 = i32x4.splat(load<i32>(random)), key1 = i32x4.splat(load<i32>(random, 4));
  const site = i32x4.splat(arg(args, 6)), r2 = i32x4.splat(load<i32>(random, 8));
  const r3 = i32x4.splat(load<i32>(random, 12));
  const threshold = i32x4.splat(arg(args, 4)), scale = splat(load<f32>(args + 20));
  const x = pointer(args, 0), out = pointer(args, 2);
  const m0 = i32x4.splat(0xd2511f53), m1 = i32x4.splat(0xcd9e8d57);
  const w0 = i32x4.splat(0x9e3779b9), w1 = i32x4.splat(0xbb67ae85);
  // Lane l computes the words of elements i + 4·l to i + 4·l + 3.
  for (let i = begin; i < end; i += 16) {
    let c0 = i32x4.add(i32x4.splat(i >> 2), i32x4(0, 1, 2, 3));
    let c1 = site, c2 = r2, c3 = r3, k0 = key0, k1 = key1;
    for (let round = 0; round < 10; round++) {
      const aLow = i64x2.extmul_low_i32x4_u(c0, m0), aHigh = i64x2.extmul_high_i32x4_u(c0, m0);
      const bLow = i64x2.extmul_low_i32x4_u(c2, m1), bHigh = i64x2.extmul_high_i32x4_u(c2, m1);
      c0 = v128.xor(v128.xor(v128.shuffle<i32>(bLow, bHigh, 1, 3, 5, 7), c1), k0);
      c1 = v128.shuffle<i32>(bLow, bHigh, 0, 2, 4, 6);
      c2 = v128.xor(v128.xor(v128.shuffle<i32>(aLow, aHigh, 1, 3, 5, 7), c3), k1);
      c3 = v128.shuffle<i32>(aLow, aHigh, 0, 2, 4, 6);
      k0 = i32x4.add(k0, w0);
      k1 = i32x4.add(k1, w1);
    }
    // From words by lane to words in the order of elements.
    const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5), high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
    const low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5), high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
    const at = (<usize>i) << 2;
    keep(x + at, out + at, v128.shuffle<i64>(low01, low23, 0, 2), threshold, scale);
    if (i + 4 < end) keep(x + at + 16, out + at + 16, v128.shuffle<i64>(low01, low23, 1, 3), threshold, scale);
    if (i + 8 < end) keep(x + at + 32, out + at + 32, v128.shuffle<i64>(high01, high23, 0, 2), threshold, scale);
    if (i + 12 < end) keep(x + at + 48, out + at + 48, v128.shuffle<i64>(high01, high23, 1, 3), threshold, scale);
  }
}

// @ts-ignore: decorator
@inline
function keep(x: usize, out: usize, words: v128, threshold: v128, scale: v128): void {
  v128.store(out, f32x4.mul(v128.load(x), v128.and(i32x4.ge_u(words, threshold), scale)));
}
