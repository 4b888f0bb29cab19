// What one core of this machine can do at best, through the same engine that runs the kernels.

/**
 * Fused multiply-adds on operands in the nearest cache, as the product kernels do them: twelve chains, two vectors and
 * six broadcasts a step. 96·k FLOP on 32·k and 24·k bytes.
 */
export function fma(a: usize, b: usize, k: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
  let s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0;
  for (let i = 0; i < k; i++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    s0 = f32x4.relaxed_madd(x, b0, s0), s1 = f32x4.relaxed_madd(x, b1, s1);
    x = v128.load32_splat(a, 4);
    s2 = f32x4.relaxed_madd(x, b0, s2), s3 = f32x4.relaxed_madd(x, b1, s3);
    x = v128.load32_splat(a, 8);
    s4 = f32x4.relaxed_madd(x, b0, s4), s5 = f32x4.relaxed_madd(x, b1, s5);
    x = v128.load32_splat(a, 12);
    s6 = f32x4.relaxed_madd(x, b0, s6), s7 = f32x4.relaxed_madd(x, b1, s7);
    x = v128.load32_splat(a, 16);
    s8 = f32x4.relaxed_madd(x, b0, s8), s9 = f32x4.relaxed_madd(x, b1, s9);
    x = v128.load32_splat(a, 20);
    s10 = f32x4.relaxed_madd(x, b0, s10), s11 = f32x4.relaxed_madd(x, b1, s11);
    a += 24, b += 32;
  }
  s0 = f32x4.add(
    f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)),
    f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7)),
  );
  s0 = f32x4.add(s0, f32x4.add(f32x4.add(s8, s9), f32x4.add(s10, s11)));
  return f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 3);
}

/** fma over the same `k` steps, `times` over. */
export function fmas(a: usize, b: usize, k: i32, times: i32): f32 {
  let sum: f32 = 0;
  for (let i = 0; i < times; i++) sum += fma(a, b, k);
  return sum;
}

/** Reads `bytes` from `from` on, 64 at a time; gives a sum of them. */
export function read(from: usize, bytes: i32): i32 {
  let a = i32x4.splat(0), b = a, c = a, d = a;
  for (const end = from + <usize> bytes; from < end; from += 64) {
    a = v128.xor(a, v128.load(from)), b = v128.xor(b, v128.load(from, 16));
    c = v128.xor(c, v128.load(from, 32)), d = v128.xor(d, v128.load(from, 48));
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}
