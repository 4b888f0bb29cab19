// Rows of f32 kept as f16.
import { known } from "./simd";

const F16_MASK = memory.data<u32>([0x8fffffff]);

/**
 * Four f16 as f32, times 2^−112: their bits are moved to where f32 has them, which is exact for subnormal ones, too.
 * The sign is spread over the upper exponent bits by the way, and taken out of them again. Infinity and NaN come out as
 * numbers.
 */
// @ts-ignore: decorator
@inline
export function loadF16x4(at: usize): v128 {
  return v128.and(i32x4.shl(v128.load16x4_s(at), 13), known(F16_MASK));
}

const SIGN = memory.data<u32>([0x8000]), MAGNITUDE = memory.data<u32>([0x7fffffff]);
const REBIAS = memory.data<i32>([0xfff - 0x38000000]), ONE = memory.data<i32>([1]);
const HALF = memory.data<f32>([0.5]);
/** Where normal f16 begin, where f32 rounds to infinity, and where NaN begins. */
const NORMAL = memory.data<i32>([0x38800000]), LARGE = memory.data<i32>([0x477ff000]);
const INFINITE = memory.data<i32>([0x7f800000]);
const INFINITE_F16 = memory.data<u32>([0x7c00]), NAN_F16 = memory.data<u32>([0x7e00]);

/** The bits of the f16 nearest to four f32, ties to even. */
// @ts-ignore: decorator
@inline
export function f16Of(value: v128): v128 {
  const magnitude = v128.and(value, known(MAGNITUDE));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), known(ONE));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, known(REBIAS)), odd), 13);
  // Below 2^-14 f16 are multiples of 2^-24, the last place of a float in [½, 1).
  const small = i32x4.sub(f32x4.add(magnitude, known(HALF)), known(HALF));
  let f16 = v128.bitselect(small, normal, i32x4.lt_s(magnitude, known(NORMAL)));
  f16 = v128.bitselect(known(INFINITE_F16), f16, i32x4.ge_s(magnitude, known(LARGE)));
  f16 = v128.bitselect(known(NAN_F16), f16, i32x4.gt_s(magnitude, known(INFINITE)));
  return v128.or(f16, v128.and(i32x4.shr_u(value, 16), known(SIGN)));
}

/*
 * out[i] = x[i], i < count (a multiple of 4): from f32 to the nearest f16. Gives whether all are finite as f16.
 */
export function storeF16(x: usize, out: usize, count: i32): bool {
  let infinite = i32x4.splat(0);
  for (; count > 0; count -= 4, x += 16, out += 8) {
    const f16 = f16Of(v128.load(x));
    v128.store64_lane(out, i16x8.narrow_i32x4_u(f16, f16), 0);
    infinite = v128.or(infinite, i32x4.ge_s(v128.and(f16, known(INFINITE_F16)), known(INFINITE_F16)));
  }
  return !v128.any_true(infinite);
}
