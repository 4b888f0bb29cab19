// The product at the heart of gradients by weights: both operands have the values that are summed in rows.
import { madd, splat } from "./simd";

/*
 * c[i, j] = Σ_k a[k, i]·b[k, j], i < 4, j < 8; with `onto`, added to what c holds.
 * Rows of a, b and c are `stepA`, `stepB` and `stepC` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function outer4x8(
  a: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  c: usize,
  stepC: usize,
  k: i32,
  onto: bool,
): void {
  let s00 = splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  const c1 = c + stepC, c2 = c1 + stepC, c3 = c2 + stepC;
  if (onto) {
    s00 = v128.load(c), s01 = v128.load(c, 16), s10 = v128.load(c1), s11 = v128.load(c1, 16);
    s20 = v128.load(c2), s21 = v128.load(c2, 16), s30 = v128.load(c3), s31 = v128.load(c3, 16);
  }
  for (; k > 0; k--, a += stepA, b += stepB) {
    const rows = v128.load(a), b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.shuffle<f32>(rows, rows, 0, 0, 0, 0);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.shuffle<f32>(rows, rows, 1, 1, 1, 1);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.shuffle<f32>(rows, rows, 2, 2, 2, 2);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.shuffle<f32>(rows, rows, 3, 3, 3, 3);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
  }
  v128.store(c, s00), v128.store(c, s01, 16), v128.store(c1, s10), v128.store(c1, s11, 16);
  v128.store(c2, s20), v128.store(c2, s21, 16), v128.store(c3, s30), v128.store(c3, s31, 16);
}

/** Stores up to four lanes, `count` of which there are, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function storeLanes(to: usize, step: usize, four: v128, count: i32): void {
  v128.store_lane<f32>(to, four, 0);
  if (count > 1) v128.store_lane<f32>(to + step, four, 1);
  if (count > 2) v128.store_lane<f32>(to + 2 * step, four, 2);
  if (count > 3) v128.store_lane<f32>(to + 3 * step, four, 3);
}
