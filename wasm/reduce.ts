// Reductions: means and sums over axes.
import { arg, madd, pointer, splat, sum4 } from "./simd";

/*
 * out[o, i] = Σ over r of x[o, r, i], divided by a number.
 * Arguments: x, out, length of r, length of i, divisor. Item: one o. Sums are f64, in the order of r.
 */
export function mean(args: usize, item: i32): void {
  const count = arg(args, 2), inner = arg(args, 3);
  const divisor = <f64> arg(args, 4);
  const x = pointer(args, 0) + ((<usize> (item * count * inner)) << 2);
  const out = pointer(args, 1) + ((<usize> (item * inner)) << 2);
  for (let i = 0; i < inner; i++) {
    let sum: f64 = 0;
    for (let r = 0; r < count; r++) sum += <f64> load<f32>(x + ((<usize> (r * inner + i)) << 2));
    store<f32>(out + ((<usize> i) << 2), <f32> (sum / divisor));
  }
}

/*
 * out[o, i] = Σ over r of x[o, r, i]. Arguments: x, out, length of r, length of i, blocks of 16 of i.
 * Item: one (o, block). Sums are f64, in the order of r.
 */
// @training
export function sum(args: usize, item: i32): void {
  const count = arg(args, 2), inner = arg(args, 3), blocks = arg(args, 4);
  const o = item / blocks, begin = item % blocks * 16, end = min(inner, begin + 16);
  const x = pointer(args, 0) + ((<usize> (o * count * inner)) << 2), row = (<usize> inner) << 2;
  const out = pointer(args, 1) + ((<usize> (o * inner)) << 2);
  let i = begin;
  for (; i + 4 <= end; i += 4) {
    let low = f64x2.splat(0), high = low, at = x + ((<usize> i) << 2);
    for (let r = 0; r < count; r++, at += row) {
      const four = v128.load(at);
      low = f64x2.add(low, f64x2.promote_low_f32x4(four));
      high = f64x2.add(high, f64x2.promote_low_f32x4(i8x16.shuffle(four, four, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)));
    }
    const to = out + ((<usize> i) << 2);
    store<f32>(to, <f32> f64x2.extract_lane(low, 0)), store<f32>(to, <f32> f64x2.extract_lane(low, 1), 4);
    store<f32>(to, <f32> f64x2.extract_lane(high, 0), 8), store<f32>(to, <f32> f64x2.extract_lane(high, 1), 12);
  }
  for (; i < end; i++) {
    let total: f64 = 0, at = x + ((<usize> i) << 2);
    for (let r = 0; r < count; r++, at += row) total += <f64> load<f32>(at);
    store<f32>(out + ((<usize> i) << 2), <f32> total);
  }
}

/** Elements of one item of the sum of squares; of those that are added in f32 before they are in f64. */
const SQUARES: i32 = 16384;
const RUN: usize = 1024 * 4;

/*
 * out[item] = Σ x² over a block of 16,384 elements. Arguments: x, out, elements. Item: a block.
 */
// @training
export function squareSum(args: usize, item: i32): void {
  const count = min(SQUARES, arg(args, 2) - item * SQUARES);
  let x = pointer(args, 0) + ((<usize>(item * SQUARES)) << 2), total: f64 = 0;
  const end = x + ((<usize>count) << 2), whole = x + ((<usize>(count & ~15)) << 2);
  while (x < whole) {
    let s0 = splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (const stop = min(whole, x + RUN); x < stop; x += 64) {
      const a = v128.load(x), b = v128.load(x, 16), c = v128.load(x, 32), d = v128.load(x, 48);
      s0 = madd(a, a, s0), s1 = madd(b, b, s1), s2 = madd(c, c, s2), s3 = madd(d, d, s3);
    }
    total += <f64>sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  for (; x < end; x += 4) total += <f64>load<f32>(x) * <f64>load<f32>(x);
  store<f32>(pointer(args, 1) + ((<usize>item) << 2), <f32>total);
}
