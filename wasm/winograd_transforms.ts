// The one-dimensional transforms of Winograd's F(6, 3): six outputs of a 3-tap filter from eight inputs by eight
// products, with the points 0, ±1, ±2, ±½, ∞ (Lavin & Gray, arXiv 1509.09308; error about 1.4× that of direct sums).
// In two dimensions each is applied to the columns, then to the rows. Every value is a vector: four channels.
import { madd, splat } from "./simd";

// @ts-ignore: decorator
@inline
function times(a: f32, b: v128, c: v128): v128 {
  return madd(splat(a), b, c);
}

/*
 * out_p = Σ_i Bᵀ[p, i]·in_i: from eight inputs, `from` bytes apart, to eight values, `to` bytes apart. May be in place.
 */
// @ts-ignore: decorator
@inline
export function transformInput(input: usize, from: usize, out: usize, to: usize): void {
  const d0 = v128.load(input), d1 = v128.load(input + from), d2 = v128.load(input + 2 * from);
  const d3 = v128.load(input + 3 * from), d4 = v128.load(input + 4 * from), d5 = v128.load(input + 5 * from);
  const d6 = v128.load(input + 6 * from), d7 = v128.load(input + 7 * from);
  v128.store(out, times(5.25, f32x4.sub(d2, d4), f32x4.sub(d6, d0)));
  let even = f32x4.add(times(-4.25, d4, d2), d6), odd = f32x4.add(times(-4.25, d3, d1), d5);
  v128.store(out + to, f32x4.add(even, odd));
  v128.store(out + 2 * to, f32x4.sub(even, odd));
  even = times(0.25, d2, times(-1.25, d4, d6)), odd = times(0.25, d1, times(-1.25, d3, d5));
  v128.store(out + 3 * to, times(2, odd, even));
  v128.store(out + 4 * to, times(-2, odd, even));
  even = times(4, d2, times(-5, d4, d6)), odd = times(4, d1, times(-5, d3, d5));
  v128.store(out + 5 * to, times(0.5, odd, even));
  v128.store(out + 6 * to, times(-0.5, odd, even));
  v128.store(out + 7 * to, times(5.25, f32x4.sub(d3, d5), f32x4.sub(d7, d1)));
}

/*
 * out_p = Σ_i G[p, i]·g_i: from the three taps to eight values, `to` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function transformTaps(g0: v128, g1: v128, g2: v128, out: usize, to: usize): void {
  v128.store(out, f32x4.neg(g0));
  let even = f32x4.mul(splat(-2.0 / 9.0), f32x4.add(g0, g2));
  v128.store(out + to, times(-2.0 / 9.0, g1, even));
  v128.store(out + 2 * to, times(2.0 / 9.0, g1, even));
  even = times(4.0 / 90.0, g2, f32x4.mul(splat(1.0 / 90.0), g0));
  v128.store(out + 3 * to, times(2.0 / 90.0, g1, even));
  v128.store(out + 4 * to, times(-2.0 / 90.0, g1, even));
  even = times(8.0 / 45.0, g2, f32x4.mul(splat(32.0 / 45.0), g0));
  v128.store(out + 5 * to, times(16.0 / 45.0, g1, even));
  v128.store(out + 6 * to, times(-16.0 / 45.0, g1, even));
  v128.store(out + 7 * to, g2);
}

/*
 * out_k = Σ_p Aᵀ[k, p]·in_p: from eight products, `from` bytes apart, to six outputs, `to` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function transformOutput(input: usize, from: usize, out: usize, to: usize): void {
  let plus = v128.load(input + from), minus = v128.load(input + 2 * from);
  const s1 = f32x4.add(plus, minus), d1 = f32x4.sub(plus, minus);
  plus = v128.load(input + 3 * from), minus = v128.load(input + 4 * from);
  const s2 = f32x4.add(plus, minus), d2 = f32x4.sub(plus, minus);
  plus = v128.load(input + 5 * from), minus = v128.load(input + 6 * from);
  const s3 = f32x4.add(plus, minus), d3 = f32x4.sub(plus, minus);
  v128.store(out, f32x4.add(f32x4.add(v128.load(input), s1), f32x4.add(s2, s3)));
  v128.store(out + to, times(0.5, d3, times(2, d2, d1)));
  v128.store(out + 2 * to, times(0.25, s3, times(4, s2, s1)));
  v128.store(out + 3 * to, times(0.125, d3, times(8, d2, d1)));
  v128.store(out + 4 * to, times(0.0625, s3, times(16, s2, s1)));
  v128.store(out + 5 * to, f32x4.add(times(0.03125, d3, times(32, d2, d1)), v128.load(input + 7 * from)));
}
