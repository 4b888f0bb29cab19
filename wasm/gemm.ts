// Products at the heart of the convolutions, in register tiles of 6×8 and 4×8.
import { madd, splat } from "./simd";

/*
 * c[i, j] = Σ_k a[i, k]·b[k, j], i < 6, j < 8.
 * a: rows `lda` bytes apart. b: packed [K][8]. c: rows `ldc` bytes apart.
 *
 * Twelve sums, two vectors of b and one broadcast fill the sixteen registers of x86-64; two products follow each
 * broadcast, which keeps both multipliers busy. Four steps of k share their address arithmetic.
 */
export function gemm6x8(a: usize, lda: usize, b: usize, c: usize, ldc: usize, k: i32): void {
  let s00 = splat(0), s01 = splat(0), s10 = splat(0), s11 = splat(0), s20 = splat(0), s21 = splat(0);
  let s30 = splat(0), s31 = splat(0), s40 = splat(0), s41 = splat(0), s50 = splat(0), s51 = splat(0);
  let a0 = a, a1 = a0 + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
  let i = k;
  let b0 = splat(0), b1 = splat(0), x = splat(0);
  for (; i >= 4; i -= 4) {
    b0 = v128.load(b), b1 = v128.load(b, 16);
    x = v128.load32_splat(a0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    x = v128.load32_splat(a4);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load32_splat(a5);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    b0 = v128.load(b, 32), b1 = v128.load(b, 48);
    x = v128.load32_splat(a0, 4);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2, 4);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3, 4);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    x = v128.load32_splat(a4, 4);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load32_splat(a5, 4);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    b0 = v128.load(b, 64), b1 = v128.load(b, 80);
    x = v128.load32_splat(a0, 8);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1, 8);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3, 8);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    x = v128.load32_splat(a4, 8);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load32_splat(a5, 8);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    b0 = v128.load(b, 96), b1 = v128.load(b, 112);
    x = v128.load32_splat(a0, 12);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1, 12);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2, 12);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    x = v128.load32_splat(a4, 12);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load32_splat(a5, 12);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    a0 += 16, a1 += 16, a2 += 16, a3 += 16, a4 += 16, a5 += 16;
    b += 128;
  }
  for (; i > 0; i--) {
    b0 = v128.load(b), b1 = v128.load(b, 16);
    x = v128.load32_splat(a0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    x = v128.load32_splat(a4);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load32_splat(a5);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    a0 += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4, a5 += 4;
    b += 32;
  }
  put(c, s00, s01);
  put(c += ldc, s10, s11);
  put(c += ldc, s20, s21);
  put(c += ldc, s30, s31);
  put(c += ldc, s40, s41);
  put(c += ldc, s50, s51);
}

/* As gemm6x8, with four rows. */
export function gemm4x8(a: usize, lda: usize, b: usize, c: usize, ldc: usize, k: i32): void {
  let s00 = splat(0), s01 = splat(0), s10 = splat(0), s11 = splat(0), s20 = splat(0), s21 = splat(0);
  let s30 = splat(0), s31 = splat(0);
  let a0 = a, a1 = a0 + lda, a2 = a1 + lda, a3 = a2 + lda;
  let i = k;
  let b0 = splat(0), b1 = splat(0), x = splat(0);
  for (; i >= 4; i -= 4) {
    b0 = v128.load(b), b1 = v128.load(b, 16);
    x = v128.load32_splat(a0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    b0 = v128.load(b, 32), b1 = v128.load(b, 48);
    x = v128.load32_splat(a0, 4);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2, 4);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3, 4);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    b0 = v128.load(b, 64), b1 = v128.load(b, 80);
    x = v128.load32_splat(a0, 8);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1, 8);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3, 8);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    b0 = v128.load(b, 96), b1 = v128.load(b, 112);
    x = v128.load32_splat(a0, 12);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1, 12);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2, 12);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    a0 += 16, a1 += 16, a2 += 16, a3 += 16;
    b += 128;
  }
  for (; i > 0; i--) {
    b0 = v128.load(b), b1 = v128.load(b, 16);
    x = v128.load32_splat(a0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    a0 += 4, a1 += 4, a2 += 4, a3 += 4;
    b += 32;
  }
  put(c, s00, s01);
  put(c += ldc, s10, s11);
  put(c += ldc, s20, s21);
  put(c += ldc, s30, s31);
}

// @ts-ignore: decorator
@inline
function put(c: usize, low: v128, high: v128): void {
  v128.store(c, low);
  v128.store(c, high, 16);
}
