// The one-dimensional transforms of Winograd's F(6, 3): six outputs of a 3-tap filter from eight inputs by eight
// products, with the points 0, ±1, ±2, ±½, ∞ (Lavin & Gray, arXiv 1509.09308; error about 1.4× that of direct sums).
// In two dimensions each is applied to the columns, then to the rows. Every value is a vector: four channels.
// Pointers are advanced from value to value, since engines recompute a multiple of the distance at each use.
import { known, madd } from "./simd";

// Coefficients: C of a number, M of its negative.
const C5_25 = memory.data<f32>([5.25]);
const M4_25 = memory.data<f32>([-4.25]);
const C0_25 = memory.data<f32>([0.25]);
const M1_25 = memory.data<f32>([-1.25]);
const C2 = memory.data<f32>([2]);
const M2 = memory.data<f32>([-2]);
const C4 = memory.data<f32>([4]);
const M5 = memory.data<f32>([-5]);
const C0_5 = memory.data<f32>([0.5]);
const M0_5 = memory.data<f32>([-0.5]);
const M2_9 = memory.data<f32>([-2.0 / 9.0]);
const C2_9 = memory.data<f32>([2.0 / 9.0]);
const C4_90 = memory.data<f32>([4.0 / 90.0]);
const C2_90 = memory.data<f32>([2.0 / 90.0]);
const M2_90 = memory.data<f32>([-2.0 / 90.0]);
const C8_45 = memory.data<f32>([8.0 / 45.0]);
const C16_45 = memory.data<f32>([16.0 / 45.0]);
const M16_45 = memory.data<f32>([-16.0 / 45.0]);
const C0_125 = memory.data<f32>([0.125]);
const C8 = memory.data<f32>([8]);
const C0_0625 = memory.data<f32>([0.0625]);
const C16 = memory.data<f32>([16]);
const C0_03125 = memory.data<f32>([0.03125]);
const C32 = memory.data<f32>([32]);
const C1_90 = memory.data<f32>([1.0 / 90.0]);
const C32_45 = memory.data<f32>([32.0 / 45.0]);

/** a·b + c, a in memory. */
// @ts-ignore: decorator
@inline
function times(a: usize, b: v128, c: v128): v128 {
  return madd(known(a), b, c);
}

/*
 * out_p = Σ_i Bᵀ[p, i]·in_i: from eight inputs, `from` bytes apart, to eight values, `to` bytes apart. May be in place.
 */
// @ts-ignore: decorator
@inline
export function transformInput(input: usize, from: usize, out: usize, to: usize): void {
  const d0 = v128.load(input), d1 = v128.load(input += from), d2 = v128.load(input += from);
  const d3 = v128.load(input += from), d4 = v128.load(input += from), d5 = v128.load(input += from);
  const d6 = v128.load(input += from), d7 = v128.load(input += from);
  v128.store(out, times(C5_25, f32x4.sub(d2, d4), f32x4.sub(d6, d0)));
  let even = f32x4.add(times(M4_25, d4, d2), d6), odd = f32x4.add(times(M4_25, d3, d1), d5);
  v128.store(out += to, f32x4.add(even, odd));
  v128.store(out += to, f32x4.sub(even, odd));
  even = times(C0_25, d2, times(M1_25, d4, d6)), odd = times(C0_25, d1, times(M1_25, d3, d5));
  v128.store(out += to, times(C2, odd, even));
  v128.store(out += to, times(M2, odd, even));
  even = times(C4, d2, times(M5, d4, d6)), odd = times(C4, d1, times(M5, d3, d5));
  v128.store(out += to, times(C0_5, odd, even));
  v128.store(out += to, times(M0_5, odd, even));
  v128.store(out += to, times(C5_25, f32x4.sub(d3, d5), f32x4.sub(d7, d1)));
}

/*
 * out_p = Σ_i G[p, i]·g_i: from the three taps to eight values, `to` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function transformTaps(g0: v128, g1: v128, g2: v128, out: usize, to: usize): void {
  v128.store(out, f32x4.neg(g0));
  let even = f32x4.mul(known(M2_9), f32x4.add(g0, g2));
  v128.store(out += to, times(M2_9, g1, even));
  v128.store(out += to, times(C2_9, g1, even));
  even = times(C4_90, g2, f32x4.mul(known(C1_90), g0));
  v128.store(out += to, times(C2_90, g1, even));
  v128.store(out += to, times(M2_90, g1, even));
  even = times(C8_45, g2, f32x4.mul(known(C32_45), g0));
  v128.store(out += to, times(C16_45, g1, even));
  v128.store(out += to, times(M16_45, g1, even));
  v128.store(out += to, g2);
}

/*
 * out_p = Σ_k A[p, k]·in_k: from six gradients of outputs, `from` bytes apart, to eight values, `to` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function transformSlopes(input: usize, from: usize, out: usize, to: usize): void {
  const y0 = v128.load(input), y1 = v128.load(input += from), y2 = v128.load(input += from);
  const y3 = v128.load(input += from), y4 = v128.load(input += from), y5 = v128.load(input += from);
  v128.store(out, y0);
  let even = f32x4.add(f32x4.add(y0, y2), y4), odd = f32x4.add(f32x4.add(y1, y3), y5);
  v128.store(out += to, f32x4.add(even, odd));
  v128.store(out += to, f32x4.sub(even, odd));
  even = times(C16, y4, times(C4, y2, y0)), odd = times(C32, y5, times(C8, y3, f32x4.add(y1, y1)));
  v128.store(out += to, f32x4.add(even, odd));
  v128.store(out += to, f32x4.sub(even, odd));
  even = times(C0_0625, y4, times(C0_25, y2, y0));
  odd = times(C0_03125, y5, times(C0_125, y3, f32x4.mul(known(C0_5), y1)));
  v128.store(out += to, f32x4.add(even, odd));
  v128.store(out += to, f32x4.sub(even, odd));
  v128.store(out += to, y5);
}

/*
 * out_i = Σ_p G[p, i]·in_p: from eight values, `from` bytes apart, to the gradients of three taps, `to` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function gatherTaps(input: usize, from: usize, out: usize, to: usize): void {
  const first = v128.load(input);
  let plus = v128.load(input += from), minus = v128.load(input += from);
  const s1 = f32x4.add(plus, minus), d1 = f32x4.sub(plus, minus);
  plus = v128.load(input += from), minus = v128.load(input += from);
  const s2 = f32x4.add(plus, minus), d2 = f32x4.sub(plus, minus);
  plus = v128.load(input += from), minus = v128.load(input += from);
  const s3 = f32x4.add(plus, minus), d3 = f32x4.sub(plus, minus), last = v128.load(input += from);
  v128.store(out, times(C32_45, s3, times(C1_90, s2, times(M2_9, s1, f32x4.neg(first)))));
  v128.store(out += to, times(C16_45, d3, times(C2_90, d2, f32x4.mul(known(M2_9), d1))));
  v128.store(out += to, times(C8_45, s3, times(C4_90, s2, times(M2_9, s1, last))));
}

/*
 * out_k = Σ_p Aᵀ[k, p]·in_p: from eight products, `from` bytes apart, to six outputs, `to` bytes apart.
 * Sums and differences as in `gatherTaps`, repeated by hand because an inlined function returns only one value.
 */
// @ts-ignore: decorator
@inline
export function transformOutput(input: usize, from: usize, out: usize, to: usize): void {
  const first = v128.load(input);
  let plus = v128.load(input += from), minus = v128.load(input += from);
  const s1 = f32x4.add(plus, minus), d1 = f32x4.sub(plus, minus);
  plus = v128.load(input += from), minus = v128.load(input += from);
  const s2 = f32x4.add(plus, minus), d2 = f32x4.sub(plus, minus);
  plus = v128.load(input += from), minus = v128.load(input += from);
  const s3 = f32x4.add(plus, minus), d3 = f32x4.sub(plus, minus), last = v128.load(input += from);
  v128.store(out, f32x4.add(f32x4.add(first, s1), f32x4.add(s2, s3)));
  v128.store(out += to, times(C0_5, d3, times(C2, d2, d1)));
  v128.store(out += to, times(C0_25, s3, times(C4, s2, s1)));
  v128.store(out += to, times(C0_125, d3, times(C8, d2, d1)));
  v128.store(out += to, times(C0_0625, s3, times(C16, s2, s1)));
  v128.store(out += to, f32x4.add(times(C0_03125, d3, times(C32, d2, d1)), last));
}
