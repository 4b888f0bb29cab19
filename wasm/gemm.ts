// The product at the heart of every convolution: a panel of eight columns, in register tiles of 4×8.
import { madd, splat } from "./simd";

/*
 * c[i, j] = Σ_k a[i, k]·b[k, j], j < 8; with `onto`, added to what c holds, as if k had begun earlier.
 * a: rows `lda` bytes apart. b: packed [K][8]. c: rows `ldc` bytes apart. K is a multiple of 4; so are the rows of a and
 * c, or those up to the next multiple are computed and not used.
 *
 * Eight sums, four vectors of a, two of b and one broadcast fill the fifteen registers that V8 hands out on x86-64.
 * Each access costs a bounds check of two instructions where the engine has no guard pages (Deno), so a row of a is
 * loaded four values at a time and broadcast by a shuffle.
 */
export function gemmPanel(
  a: usize,
  lda: usize,
  b: usize,
  c: usize,
  ldc: usize,
  k: i32,
  rows: i32,
  onto: bool,
): void {
  for (; rows > 0; rows -= 4, a += 4 * lda, c += 4 * ldc) gemm4x8(a, lda, b, c, ldc, k, onto);
}

// @ts-ignore: decorator
@inline
function gemm4x8(a: usize, lda: usize, b: usize, c: usize, ldc: usize, k: i32, onto: bool): void {
  let s00 = splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  if (onto) {
    const c1 = c + ldc, c2 = c1 + ldc, c3 = c2 + ldc;
    s00 = v128.load(c), s01 = v128.load(c, 16), s10 = v128.load(c1), s11 = v128.load(c1, 16);
    s20 = v128.load(c2), s21 = v128.load(c2, 16), s30 = v128.load(c3), s31 = v128.load(c3, 16);
  }
  let a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda;
  for (; k > 0; k -= 4) {
    const x0 = v128.load(a), x1 = v128.load(a1), x2 = v128.load(a2), x3 = v128.load(a3);
    let b0 = v128.load(b, 0), b1 = v128.load(b, 16), x = b0;
    x = v128.shuffle<f32>(x0, x0, 0, 0, 0, 0);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x1, x1, 0, 0, 0, 0);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x2, x2, 0, 0, 0, 0);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x3, x3, 0, 0, 0, 0);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    b0 = v128.load(b, 32), b1 = v128.load(b, 48);
    x = v128.shuffle<f32>(x0, x0, 1, 1, 1, 1);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x1, x1, 1, 1, 1, 1);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x2, x2, 1, 1, 1, 1);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x3, x3, 1, 1, 1, 1);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    b0 = v128.load(b, 64), b1 = v128.load(b, 80);
    x = v128.shuffle<f32>(x0, x0, 2, 2, 2, 2);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x1, x1, 2, 2, 2, 2);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x2, x2, 2, 2, 2, 2);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x3, x3, 2, 2, 2, 2);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    b0 = v128.load(b, 96), b1 = v128.load(b, 112);
    x = v128.shuffle<f32>(x0, x0, 3, 3, 3, 3);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(x1, x1, 3, 3, 3, 3);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(x2, x2, 3, 3, 3, 3);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(x3, x3, 3, 3, 3, 3);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    a += 16, a1 += 16, a2 += 16, a3 += 16, b += 128;
  }
  v128.store(c, s00), v128.store(c, s01, 16);
  v128.store(c += ldc, s10), v128.store(c, s11, 16);
  v128.store(c += ldc, s20), v128.store(c, s21, 16);
  v128.store(c += ldc, s30), v128.store(c, s31, 16);
}
