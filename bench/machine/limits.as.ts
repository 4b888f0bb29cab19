// Loops that measure the peak performance of one core in the engine that runs the kernels.

/**
 * Twelve chains of fused multiply-adds between registers, 96·n FLOP. The two factors are loaded from memory, because an
 * engine would create a constant vector at each use.
 */
export function fma(factors: usize, n: i32): f32 {
  const m = v128.load(factors), c = v128.load(factors, 16);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
  let s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0;
  for (let i = 0; i < n; i++) {
    s0 = f32x4.relaxed_madd(m, c, s0), s1 = f32x4.relaxed_madd(m, c, s1), s2 = f32x4.relaxed_madd(m, c, s2);
    s3 = f32x4.relaxed_madd(m, c, s3), s4 = f32x4.relaxed_madd(m, c, s4), s5 = f32x4.relaxed_madd(m, c, s5);
    s6 = f32x4.relaxed_madd(m, c, s6), s7 = f32x4.relaxed_madd(m, c, s7), s8 = f32x4.relaxed_madd(m, c, s8);
    s9 = f32x4.relaxed_madd(m, c, s9),
      s10 = f32x4.relaxed_madd(m, c, s10),
      s11 = f32x4.relaxed_madd(m, c, s11);
  }
  s0 = f32x4.add(
    f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)),
    f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7)),
  );
  s0 = f32x4.add(s0, f32x4.add(f32x4.add(s8, s9), f32x4.add(s10, s11)));
  return f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 3);
}

/** Reads `bytes` bytes at `from`, 64 at a time. Returns a checksum. */
export function read(from: usize, bytes: i32): i32 {
  let a = i32x4.splat(0), b = a, c = a, d = a;
  for (const end = from + <usize> bytes; from < end; from += 64) {
    a = v128.xor(a, v128.load(from)), b = v128.xor(b, v128.load(from, 16));
    c = v128.xor(c, v128.load(from, 32)), d = v128.xor(d, v128.load(from, 48));
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}
