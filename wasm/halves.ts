// Rows of f32 kept as IEEE halves.
import { known } from "./simd";
import { highHalves, lowHalves } from "./rows_float";

/** 2^112: what halves read by their bits fall short of their values. */
const UNSCALE = memory.data<f32>([5192296858534827628530496329220096.0]);
const INFINITE = memory.data<f32>([Infinity]);

/* out[i] = x[i], i < count: from f32 to the nearest half, ties to even. */
export function storeHalves(x: usize, out: usize, count: i32): void {
  for (; count > 0; count--, x += 4, out += 2) store<u16>(out, <u16>half(load<f32>(x)));
}

/* out[i] = x[i], i < count (a multiple of 4): from halves to f32. Reads and writes whole vectors. */
export function loadHalves(x: usize, out: usize, count: i32): void {
  for (; count >= 8; count -= 8, x += 16, out += 32) {
    const halves = v128.load(x), special = notFinite(halves);
    v128.store(out, widened(lowHalves(halves), i32x4.extend_low_i16x8_s(special)));
    v128.store(out, widened(highHalves(halves), i32x4.extend_high_i16x8_s(special)), 16);
  }
  if (count > 0) {
    const halves = v128.load64_zero(x);
    v128.store(out, widened(lowHalves(halves), i32x4.extend_low_i16x8_s(notFinite(halves))));
  }
}

/** All bits of those halves that are infinite or no numbers. */
// @ts-ignore: decorator
@inline
function notFinite(halves: v128): v128 {
  const exponent = i16x8.splat(0x7c00);
  return i16x8.eq(v128.and(halves, exponent), exponent);
}

/** Values from 2^−112 of them; where `special` is set, the exponent that infinity and NaN have. */
// @ts-ignore: decorator
@inline
function widened(scaled: v128, special: v128): v128 {
  return v128.or(f32x4.mul(scaled, known(UNSCALE)), v128.and(special, known(INFINITE)));
}

/** The bits of the half nearest to x. */
function half(x: f32): u32 {
  const bits = reinterpret<u32>(x), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 halves are multiples of 2^-24, the last place of a float in [½, 1).
  if (magnitude < 0x38800000) return sign | (reinterpret<u32>(abs(x) + 0.5) - 0x3f000000);
  return sign | ((magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13);
}
