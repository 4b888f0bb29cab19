// Products of one or two rows with panels of float weights: every weight is read once for both rows.
//
// Each sum runs over k in order, by one chain of fused steps, exactly as the 4×8 product does it: a row's result does
// not depend on how many rows there are. K is a multiple of 4: a row is loaded four values at a time and broadcast by
// shuffles, since every access costs a bounds check.
import { known, madd, splat } from "./simd";

/* c[j] = Σ_k x[k]·w[k, j], j < 8; w [K][8] f32. */
export function row1f32(x: usize, w: usize, c: usize, k: i32): void {
  let a0 = splat(0), a1 = a0;
  for (; k > 0; k -= 4, x += 16, w += 128) {
    const v = v128.load(x);
    let s = v128.shuffle<f32>(v, v, 0, 0, 0, 0);
    a0 = madd(s, v128.load(w), a0), a1 = madd(s, v128.load(w, 16), a1);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
    a0 = madd(s, v128.load(w, 32), a0), a1 = madd(s, v128.load(w, 48), a1);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2);
    a0 = madd(s, v128.load(w, 64), a0), a1 = madd(s, v128.load(w, 80), a1);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
    a0 = madd(s, v128.load(w, 96), a0), a1 = madd(s, v128.load(w, 112), a1);
  }
  v128.store(c, a0), v128.store(c, a1, 16);
}

/* The same for two rows, `ldx` bytes apart; the second row's sums lie 32 bytes after the first's. */
export function row2f32(x: usize, ldx: usize, w: usize, c: usize, k: i32): void {
  let a0 = splat(0), a1 = a0, b0 = a0, b1 = a0, y = x + ldx;
  for (; k > 0; k -= 4, x += 16, y += 16, w += 128) {
    const u = v128.load(x), v = v128.load(y);
    let p = v128.load(w), q = v128.load(w, 16);
    let s = v128.shuffle<f32>(u, u, 0, 0, 0, 0), t = v128.shuffle<f32>(v, v, 0, 0, 0, 0);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
    p = v128.load(w, 32), q = v128.load(w, 48);
    s = v128.shuffle<f32>(u, u, 1, 1, 1, 1), t = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
    p = v128.load(w, 64), q = v128.load(w, 80);
    s = v128.shuffle<f32>(u, u, 2, 2, 2, 2), t = v128.shuffle<f32>(v, v, 2, 2, 2, 2);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
    p = v128.load(w, 96), q = v128.load(w, 112);
    s = v128.shuffle<f32>(u, u, 3, 3, 3, 3), t = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
  }
  v128.store(c, a0), v128.store(c, a1, 16), v128.store(c, b0, 32), v128.store(c, b1, 48);
}

const F16_MASK = memory.data<u32>([0x8fffffff]);

/**
 * f16 values 0 to 3 (or 4 to 7) as f32, times 2^−112: their bits are moved to where f32 has them. The sign is spread over
 * the upper exponent bits by the way, and taken out of them again.
 */
// @ts-ignore: decorator
@inline
export function lowF16(f16: v128): v128 {
  return v128.and(i32x4.shl(i32x4.extend_low_i16x8_s(f16), 13), known(F16_MASK));
}

// @ts-ignore: decorator
@inline
export function highF16(f16: v128): v128 {
  return v128.and(i32x4.shl(i32x4.extend_high_i16x8_s(f16), 13), known(F16_MASK));
}

/* As row1f32; w [K][8] f16, read as 2^−112 of their values. */
export function row1f16(x: usize, w: usize, c: usize, k: i32): void {
  let a0 = splat(0), a1 = a0;
  for (; k > 0; k -= 4, x += 16, w += 64) {
    const v = v128.load(x);
    let h = v128.load(w), s = v128.shuffle<f32>(v, v, 0, 0, 0, 0);
    a0 = madd(s, lowF16(h), a0), a1 = madd(s, highF16(h), a1);
    h = v128.load(w, 16), s = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
    a0 = madd(s, lowF16(h), a0), a1 = madd(s, highF16(h), a1);
    h = v128.load(w, 32), s = v128.shuffle<f32>(v, v, 2, 2, 2, 2);
    a0 = madd(s, lowF16(h), a0), a1 = madd(s, highF16(h), a1);
    h = v128.load(w, 48), s = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
    a0 = madd(s, lowF16(h), a0), a1 = madd(s, highF16(h), a1);
  }
  v128.store(c, a0), v128.store(c, a1, 16);
}

/* As row2f32, for f16. */
export function row2f16(x: usize, ldx: usize, w: usize, c: usize, k: i32): void {
  let a0 = splat(0), a1 = a0, b0 = a0, b1 = a0, y = x + ldx;
  for (; k > 0; k -= 4, x += 16, y += 16, w += 64) {
    const u = v128.load(x), v = v128.load(y);
    let h = v128.load(w), p = lowF16(h), q = highF16(h);
    let s = v128.shuffle<f32>(u, u, 0, 0, 0, 0), t = v128.shuffle<f32>(v, v, 0, 0, 0, 0);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
    h = v128.load(w, 16), p = lowF16(h), q = highF16(h);
    s = v128.shuffle<f32>(u, u, 1, 1, 1, 1), t = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
    h = v128.load(w, 32), p = lowF16(h), q = highF16(h);
    s = v128.shuffle<f32>(u, u, 2, 2, 2, 2), t = v128.shuffle<f32>(v, v, 2, 2, 2, 2);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
    h = v128.load(w, 48), p = lowF16(h), q = highF16(h);
    s = v128.shuffle<f32>(u, u, 3, 3, 3, 3), t = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
    a0 = madd(s, p, a0), a1 = madd(s, q, a1), b0 = madd(t, p, b0), b1 = madd(t, q, b1);
  }
  v128.store(c, a0), v128.store(c, a1, 16), v128.store(c, b0, 32), v128.store(c, b1, 48);
}

/* A panel [K][8] of f16 as f32, times 2^−112. */
export function expandF16(w: usize, out: usize, k: i32): void {
  for (; k > 0; k--, w += 16, out += 32) {
    const f16 = v128.load(w);
    v128.store(out, lowF16(f16)), v128.store(out, highF16(f16), 16);
  }
}
