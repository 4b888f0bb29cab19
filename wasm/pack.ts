// Weights as they are read, packed for the products that read them: see packed.ts. Called while weights are loaded, on
// the caller's thread, a few rows at a time.
import { loadF16x4, f16Of } from "./f16";
import { F16, F32, paddedInputs, partBytes, Q8, q8Blocks } from "./packed";
import { known } from "./simd";

/** 2^112, by which f16 read by their bits fall short of their values. */
const UNSCALE = memory.data<f32>([5192296858534827628530496329220096.0]);
/** Beside the formats of packed.ts: q4, which is packed as q8. */
const Q4: i32 = 3;
/** A block of values, padded with zeros. */
const BLOCK = memory.data(128, 16);

/*
 * Rows [rows][K] of f32 as the panels from the `panel`-th on of a matrix at `out` that has `panels` of them; the last
 * panel may have less than 8 rows.
 */
export function packRows(
  format: i32,
  values: usize,
  rows: i32,
  k: i32,
  out: usize,
  panel: i32,
  panels: i32,
): void {
  const row = (<usize>k) << 2;
  for (; rows > 0; rows -= 8, panel++) {
    const some = min(8, rows);
    if (format == Q8 || format == Q4) packParts(format, values, some, k, out, panel, panels);
    else {
      const bytes = partBytes(format, paddedInputs(format, k)), at = out + (<usize>panel) * bytes;
      memory.fill(at, 0, bytes);
      for (let r = 0; r < some; r++) {
        if (format == F32) packF32(values + (<usize>r) * row, k, at + ((<usize>r) << 2));
        else packF16(values + (<usize>r) * row, k, at, r);
      }
    }
    values += (<usize>some) * row;
  }
}

/* A panel in blocks, part by part. */
function packParts(format: i32, values: usize, rows: i32, k: i32, out: usize, panel: i32, panels: i32): void {
  const padded = paddedInputs(Q8, k), length = q8Blocks(padded), row = (<usize>k) << 2;
  for (let from = 0; from < padded >> 5; from += length) {
    const size = min(length, (padded >> 5) - from), bytes = partBytes(Q8, size), first = from << 5;
    const at = out + (<usize>panels) * partBytes(Q8, from) + (<usize>panel) * bytes;
    memory.fill(at, 0, bytes);
    for (let r = 0; r < rows; r++) {
      packBlocks(format, values + (<usize>r) * row + ((<usize>first) << 2), min(size << 5, k - first), at, r);
    }
  }
}

function packF32(x: usize, k: i32, out: usize): void {
  for (; k > 0; k--, x += 4, out += 32) store<f32>(out, load<f32>(x));
}

/* Each value as the nearest f16, times 2^shift: exact, but for the shift of the exponent. */
function packF16(x: usize, k: i32, panel: usize, r: i32): void {
  let most: f32 = 0;
  for (let i = 0; i < k; i++) most = max(most, abs(load<f32>(x + ((<usize>i) << 2))));
  // Up to 2^15 nothing overflows; 2^10 suffices for the smallest f16 to become a normal one.
  const bits = reinterpret<u32>(most);
  const shift = max(0, min(10, 14 - (<i32>((bits + 0x7fffff) >> 23) - 127)));
  store<f32>(panel + ((<usize>r) << 2), power(56 - shift));
  let out = panel + 32 + ((<usize>r) << 1);
  for (; k > 0; k -= 4, x += 16, out += 64) {
    memory.copy(BLOCK, x, (<usize>min(4, k)) << 2);
    store<u64>(BLOCK, narrowed(f16Of(v128.load(BLOCK))), 16);
    const exact = f32x4.mul(loadF16x4(BLOCK + 16), known(UNSCALE));
    const four = narrowed(f16Of(f32x4.mul(exact, f32x4.splat(power(shift)))));
    store<u16>(out, <u16>four);
    if (k > 1) store<u16>(out, <u16>(four >> 16), 16);
    if (k > 2) store<u16>(out, <u16>(four >> 32), 32);
    if (k > 3) store<u16>(out, <u16>(four >> 48), 48);
  }
}

function power(exponent: i32): f32 {
  return reinterpret<f32>((exponent + 127) << 23);
}

// @ts-ignore: decorator
@inline
function narrowed(f16: v128): u64 {
  return i64x2.extract_lane(i16x8.narrow_i32x4_u(f16, f16), 0);
}

/*
 * By block of 32, with m the first of its largest values: q = w / d to the nearest whole number, ties to even; in q8 with
 * d = |m| / 127 as an f16 and q within ±127; in q4 with d = m / −8 and q from −8 to 7. The products know no negative d:
 * its sign goes to q.
 */
function packBlocks(format: i32, x: usize, k: i32, part: usize, r: i32): void {
  let out = part + ((<usize>r) << 1), low = i8x16.splat(-127), high = i8x16.splat(127);
  for (; k > 0; k -= 32, x += 128, out += 272) {
    let from = x;
    if (k < 32) {
      memory.fill(BLOCK, 0, 128);
      memory.copy(BLOCK, x, (<usize>k) << 2);
      from = BLOCK;
    }
    let most = f32x4.abs(v128.load(from));
    for (let i: usize = 16; i < 128; i += 16) most = f32x4.max(most, f32x4.abs(v128.load(from + i)));
    most = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
    most = f32x4.max(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));
    const bits = f16Of(f32x4.div(most, f32x4.splat(format == Q4 ? 8 : 127)));
    store<u16>(out, <u16>i32x4.extract_lane(bits, 0), 256);
    const scale = f32x4.mul(i32x4.shl(bits, 13), known(UNSCALE));
    if (f32x4.extract_lane(scale, 0) == 0) continue;
    if (format == Q4) {
      const positive = firstIsPositive(from, f32x4.extract_lane(most, 0));
      low = i8x16.splat(positive ? -7 : -8), high = i8x16.splat(positive ? 8 : 7);
    }
    const d = f64x2.promote_low_f32x4(scale);
    putPairs(from, d, low, high, out);
    putPairs(from + 64, d, low, high, out + 128);
  }
}

/* Whether the first of the values that are ±most is positive. */
function firstIsPositive(x: usize, most: f32): bool {
  let value = load<f32>(x);
  while (abs(value) < most) x += 4, value = load<f32>(x);
  return value > 0;
}

/* Sixteen values as eight pairs, 16 bytes apart. Quotients in f64: in f32 some would round to the other side. */
// @ts-ignore: decorator
@inline
function putPairs(x: usize, d: v128, low: v128, high: v128, out: usize): void {
  const a = i16x8.narrow_i32x4_s(quotients(v128.load(x), d), quotients(v128.load(x, 16), d));
  const b = i16x8.narrow_i32x4_s(quotients(v128.load(x, 32), d), quotients(v128.load(x, 48), d));
  const pairs = i8x16.min_s(i8x16.max_s(i8x16.narrow_i16x8_s(a, b), low), high);
  v128.store16_lane(out, pairs, 0), v128.store16_lane(out, pairs, 1, 16);
  v128.store16_lane(out, pairs, 2, 32), v128.store16_lane(out, pairs, 3, 48);
  v128.store16_lane(out, pairs, 4, 64), v128.store16_lane(out, pairs, 5, 80);
  v128.store16_lane(out, pairs, 6, 96), v128.store16_lane(out, pairs, 7, 112);
}

// @ts-ignore: decorator
@inline
function quotients(x: v128, d: v128): v128 {
  const a = f64x2.nearest(f64x2.div(f64x2.promote_low_f32x4(x), d));
  const b = f64x2.nearest(f64x2.div(f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 0, 1)), d));
  return v128.shuffle<i32>(i32x4.trunc_sat_f64x2_s_zero(a), i32x4.trunc_sat_f64x2_s_zero(b), 0, 1, 4, 5);
}
