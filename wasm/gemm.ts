// The product at the heart of every convolution, in register tiles of 6×8.
import { madd, splat } from "./simd";

/*
 * c[i, j] (+)= Σ_k a[i, k]·b[k, j], i < 6, j < 8.
 * a: rows `lda` bytes apart. b: packed [K][8]. c: rows `ldc` bytes apart. `add`: onto what c holds.
 *
 * Twelve sums, two vectors of b and one broadcast fill the sixteen registers of x86-64; two products follow each
 * broadcast, which keeps both multipliers busy.
 */
export function gemm6x8(a: usize, lda: usize, b: usize, c: usize, ldc: usize, k: i32, add: bool): void {
  let s00 = splat(0), s01 = splat(0), s10 = splat(0), s11 = splat(0), s20 = splat(0), s21 = splat(0);
  let s30 = splat(0), s31 = splat(0), s40 = splat(0), s41 = splat(0), s50 = splat(0), s51 = splat(0);
  let a0 = a, a1 = a0 + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
  for (let i = k; i > 0; i--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a0);
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
  put(c, s00, s01, add);
  put(c += ldc, s10, s11, add);
  put(c += ldc, s20, s21, add);
  put(c += ldc, s30, s31, add);
  put(c += ldc, s40, s41, add);
  put(c += ldc, s50, s51, add);
}

// @ts-ignore: decorator
@inline
function put(c: usize, low: v128, high: v128, add: bool): void {
  if (add) {
    low = f32x4.add(low, v128.load(c));
    high = f32x4.add(high, v128.load(c, 16));
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}
