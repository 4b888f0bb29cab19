// The product at the heart of training: register tiles of 6×8, both operands packed.
import { madd, splat } from "./simd";

/** Bytes from one k to the next of a strip of six rows, and of a panel of eight columns. */
export const STRIP: usize = 24;
export const PANEL: usize = 32;

/*
 * c[i, j] = Σ_k a[k, i]·b[k, j], i < 6, j < 8; with `onto`, added to what c holds.
 * a: packed [K][6]. b: packed [K][8]. c: rows `ldc` bytes apart. K is a multiple of 4.
 *
 * Four of a's values lie in one vector, which turns by a lane from product to product: after four of them each sum
 * holds a diagonal, that is rearranged at the end. It takes three shuffles where broadcasting takes four, and the same
 * register then serves the other two rows, broadcast by their loads. Twelve sums, two vectors of b and one of a are the
 * fifteen registers that V8 hands out on x86-64; twelve sums hide the latency of their additions, which eight do not quite.
 *
 * Four steps of k are unrolled by hand because an inlined function cannot assign to the sums.
 */
export function tile6x8(a: usize, b: usize, c: usize, ldc: usize, k: i32, onto: bool): void {
  let s00 = splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  let s40 = s00, s41 = s00, s50 = s00, s51 = s00;
  for (; k > 0; k -= 4) {
    let x = v128.load(a), b0 = v128.load(b), b1 = v128.load(b, 16);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    x = v128.load32_splat(a, 16);
    s40 = madd(x, b0, s40), s41 = madd(x, b1, s41);
    x = v128.load32_splat(a, 20);
    s50 = madd(x, b0, s50), s51 = madd(x, b1, s51);
    x = v128.load(a, 24), b0 = v128.load(b, 32), b1 = v128.load(b, 48);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    x = v128.load32_splat(a, 40);
    s40 = madd(x, b0, s40), s41 = madd(x, b1, s41);
    x = v128.load32_splat(a, 44);
    s50 = madd(x, b0, s50), s51 = madd(x, b1, s51);
    x = v128.load(a, 48), b0 = v128.load(b, 64), b1 = v128.load(b, 80);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    x = v128.load32_splat(a, 64);
    s40 = madd(x, b0, s40), s41 = madd(x, b1, s41);
    x = v128.load32_splat(a, 68);
    s50 = madd(x, b0, s50), s51 = madd(x, b1, s51);
    x = v128.load(a, 72), b0 = v128.load(b, 96), b1 = v128.load(b, 112);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    x = v128.load32_splat(a, 88);
    s40 = madd(x, b0, s40), s41 = madd(x, b1, s41);
    x = v128.load32_splat(a, 92);
    s50 = madd(x, b0, s50), s51 = madd(x, b1, s51);
    a += 4 * STRIP, b += 4 * PANEL;
  }
  putDiagonals(s00, s10, s20, s30, c, ldc, onto);
  putDiagonals(s01, s11, s21, s31, c + 16, ldc, onto);
  put(c += 4 * ldc, s40, onto), put(c + 16, s41, onto);
  put(c += ldc, s50, onto), put(c + 16, s51, onto);
}

/** Four rows of four from sums whose lane j belongs to the row j (or j − 4) places further than the sum's own. */
// @ts-ignore: decorator
@inline
function putDiagonals(s0: v128, s1: v128, s2: v128, s3: v128, c: usize, ldc: usize, onto: bool): void {
  const u = v128.shuffle<f32>(s0, s3, 0, 5, 2, 7), v = v128.shuffle<f32>(s2, s1, 0, 5, 2, 7);
  const w = v128.shuffle<f32>(s1, s0, 0, 5, 2, 7), z = v128.shuffle<f32>(s3, s2, 0, 5, 2, 7);
  put(c, v128.shuffle<f32>(u, v, 0, 1, 6, 7), onto);
  put(c += ldc, v128.shuffle<f32>(w, z, 0, 1, 6, 7), onto);
  put(c += ldc, v128.shuffle<f32>(v, u, 0, 1, 6, 7), onto);
  put(c += ldc, v128.shuffle<f32>(z, w, 0, 1, 6, 7), onto);
}

// @ts-ignore: decorator
@inline
function put(c: usize, value: v128, onto: bool): void {
  v128.store(c, onto ? f32x4.add(v128.load(c), value) : value);
}
