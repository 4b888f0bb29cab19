// Products of rows of 16-bit integers with panels of 8-bit weights.
//
// Within a block of 32 the products are summed exactly in i32 (at most 32·32767·127); blocks are then added in f32,
// scaled, in order. A row's result does not depend on how many rows there are. Rows are loaded four pairs at a time
// and broadcast by shuffles, since every access costs a bounds check.
import { known, madd, splat } from "./simd";

/** 2^112, by which f16 widened by bits alone fall short; and 1.5·2^23, which rounds to a whole number. */
const UNSCALE = memory.data<f32>([5192296858534827628530496329220096.0]);
const ROUND = memory.data<f32>([12582912]);

/*
 * c[j] = Σ_blocks scale_j·Σ_k x[k]·w[k, j], j < 8; with `onto`, added to what c holds. x: i16. w: `blocks` blocks of one
 * panel.
 */
export function row1q8(x: usize, w: usize, c: usize, blocks: i32, onto: bool): void {
  let f0 = splat(0), f1 = f0;
  if (onto) f0 = v128.load(c), f1 = v128.load(c, 16);
  for (; blocks > 0; blocks--, w += 16) {
    let a0 = i32x4.splat(0), a1 = a0;
    for (let i = 4; i > 0; i--, x += 16, w += 64) {
      const x4 = v128.load(x);
      let p = v128.load8x8_s(w), q = v128.load8x8_s(w, 8);
      let s = v128.shuffle<i32>(x4, x4, 0, 0, 0, 0);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 16), q = v128.load8x8_s(w, 24);
      s = v128.shuffle<i32>(x4, x4, 1, 1, 1, 1);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 32), q = v128.load8x8_s(w, 40);
      s = v128.shuffle<i32>(x4, x4, 2, 2, 2, 2);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 48), q = v128.load8x8_s(w, 56);
      s = v128.shuffle<i32>(x4, x4, 3, 3, 3, 3);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
    }
    const scales = v128.load(w), low = lowScales(scales), high = highScales(scales);
    f0 = madd(f32x4.convert_i32x4_s(a0), low, f0), f1 = madd(f32x4.convert_i32x4_s(a1), high, f1);
  }
  v128.store(c, f0), v128.store(c, f1, 16);
}

/* The same for two rows, `ldx` bytes apart; the second row's sums lie 32 bytes after the first's. */
export function row2q8(x: usize, ldx: usize, w: usize, c: usize, blocks: i32, onto: bool): void {
  let f0 = splat(0), f1 = f0, g0 = f0, g1 = f0, y = x + ldx;
  if (onto) f0 = v128.load(c), f1 = v128.load(c, 16), g0 = v128.load(c, 32), g1 = v128.load(c, 48);
  for (; blocks > 0; blocks--, w += 16) {
    let a0 = i32x4.splat(0), a1 = a0, b0 = a0, b1 = a0;
    for (let i = 4; i > 0; i--, x += 16, y += 16, w += 64) {
      const x4 = v128.load(x), y4 = v128.load(y);
      let p = v128.load8x8_s(w), q = v128.load8x8_s(w, 8);
      let s = v128.shuffle<i32>(x4, x4, 0, 0, 0, 0);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 0, 0, 0, 0);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 16), q = v128.load8x8_s(w, 24);
      s = v128.shuffle<i32>(x4, x4, 1, 1, 1, 1);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 1, 1, 1, 1);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 32), q = v128.load8x8_s(w, 40);
      s = v128.shuffle<i32>(x4, x4, 2, 2, 2, 2);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 2, 2, 2, 2);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 48), q = v128.load8x8_s(w, 56);
      s = v128.shuffle<i32>(x4, x4, 3, 3, 3, 3);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 3, 3, 3, 3);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
    }
    const scales = v128.load(w), low = lowScales(scales), high = highScales(scales);
    f0 = madd(f32x4.convert_i32x4_s(a0), low, f0), f1 = madd(f32x4.convert_i32x4_s(a1), high, f1);
    g0 = madd(f32x4.convert_i32x4_s(b0), low, g0), g1 = madd(f32x4.convert_i32x4_s(b1), high, g1);
  }
  v128.store(c, f0), v128.store(c, f1, 16), v128.store(c, g0, 32), v128.store(c, g1, 48);
}

/*
 * The same for four rows. Sums over blocks go through c: the registers are taken by the sums within a block.
 */
export function row4q8(x: usize, ldx: usize, w: usize, c: usize, blocks: i32, onto: bool): void {
  if (!onto) for (let i: usize = 0; i < 128; i += 16) v128.store(c + i, splat(0));
  let y = x + ldx, z = y + ldx, u = z + ldx;
  for (; blocks > 0; blocks--, w += 16) {
    let a0 = i32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
    for (let i = 4; i > 0; i--, x += 16, y += 16, z += 16, u += 16, w += 64) {
      const x4 = v128.load(x), y4 = v128.load(y), z4 = v128.load(z), u4 = v128.load(u);
      let p = v128.load8x8_s(w), q = v128.load8x8_s(w, 8);
      let s = v128.shuffle<i32>(x4, x4, 0, 0, 0, 0);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 0, 0, 0, 0);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(z4, z4, 0, 0, 0, 0);
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(p, s)), c1 = i32x4.add(c1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(u4, u4, 0, 0, 0, 0);
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(p, s)), d1 = i32x4.add(d1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 16), q = v128.load8x8_s(w, 24);
      s = v128.shuffle<i32>(x4, x4, 1, 1, 1, 1);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 1, 1, 1, 1);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(z4, z4, 1, 1, 1, 1);
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(p, s)), c1 = i32x4.add(c1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(u4, u4, 1, 1, 1, 1);
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(p, s)), d1 = i32x4.add(d1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 32), q = v128.load8x8_s(w, 40);
      s = v128.shuffle<i32>(x4, x4, 2, 2, 2, 2);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 2, 2, 2, 2);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(z4, z4, 2, 2, 2, 2);
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(p, s)), c1 = i32x4.add(c1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(u4, u4, 2, 2, 2, 2);
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(p, s)), d1 = i32x4.add(d1, i32x4.dot_i16x8_s(q, s));
      p = v128.load8x8_s(w, 48), q = v128.load8x8_s(w, 56);
      s = v128.shuffle<i32>(x4, x4, 3, 3, 3, 3);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(p, s)), a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(y4, y4, 3, 3, 3, 3);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(p, s)), b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(z4, z4, 3, 3, 3, 3);
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(p, s)), c1 = i32x4.add(c1, i32x4.dot_i16x8_s(q, s));
      s = v128.shuffle<i32>(u4, u4, 3, 3, 3, 3);
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(p, s)), d1 = i32x4.add(d1, i32x4.dot_i16x8_s(q, s));
    }
    const scales = v128.load(w), low = lowScales(scales), high = highScales(scales);
    accumulate(c, a0, a1, low, high);
    accumulate(c + 32, b0, b1, low, high);
    accumulate(c + 64, c0, c1, low, high);
    accumulate(c + 96, d0, d1, low, high);
  }
}

// @ts-ignore: decorator
@inline
function accumulate(c: usize, a0: v128, a1: v128, low: v128, high: v128): void {
  v128.store(c, madd(f32x4.convert_i32x4_s(a0), low, v128.load(c)));
  v128.store(c, madd(f32x4.convert_i32x4_s(a1), high, v128.load(c, 16)), 16);
}

/* Scales are not negative, so that their f16 become f32 by a shift and a product with 2^112. */
// @ts-ignore: decorator
@inline
function lowScales(f16: v128): v128 {
  return f32x4.mul(i32x4.shl(i32x4.extend_low_i16x8_u(f16), 13), known(UNSCALE));
}

// @ts-ignore: decorator
@inline
function highScales(f16: v128): v128 {
  return f32x4.mul(i32x4.shl(i32x4.extend_high_i16x8_u(f16), 13), known(UNSCALE));
}

/*
 * A row as 16-bit integers: out = round(x·32767/max|x|), padded with zeros to whole blocks; gives max|x|/32767.
 */
export function quantizeRow(x: usize, out: usize, k: i32): f32 {
  let largest = splat(0);
  let i = 0;
  for (; i + 4 <= k; i += 4) largest = f32x4.max(largest, f32x4.abs(v128.load(x + ((<usize>i) << 2))));
  for (; i < k; i++) largest = f32x4.max(largest, f32x4.abs(v128.load32_splat(x + ((<usize>i) << 2))));
  const most: f32 = max(
    max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
  const inverse = splat(most > 0 ? 32767 / most : 0);
  for (i = 0; i + 8 <= k; i += 8) {
    const at = x + ((<usize>i) << 2);
    const low = rounded(v128.load(at), inverse), high = rounded(v128.load(at, 16), inverse);
    const f16 = i8x16.shuffle(low, high, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29);
    v128.store(out + ((<usize>i) << 1), f16);
  }
  for (; i < k; i++) {
    const value = rounded(v128.load32_splat(x + ((<usize>i) << 2)), inverse);
    store<i16>(out + ((<usize>i) << 1), <i16>i32x4.extract_lane(value, 0));
  }
  for (; i & 31; i++) store<i16>(out + ((<usize>i) << 1), 0);
  return most / 32767;
}

/** x·inverse to the nearest whole number, in the lower 16 bits of each lane: adding 1.5·2^23 puts it there. */
// @ts-ignore: decorator
@inline
function rounded(x: v128, inverse: v128): v128 {
  return f32x4.add(f32x4.mul(x, inverse), known(ROUND));
}
