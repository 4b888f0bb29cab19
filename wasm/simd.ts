// Small vector helpers that every kernel shares. All are inlined.

/** The i-th 32-bit argument of a command. */
// @ts-ignore: decorator
@inline
export function arg(args: usize, i: i32): i32 {
  return load<i32>(args + ((<usize> i) << 2));
}

/** The i-th argument, as a pointer. */
// @ts-ignore: decorator
@inline
export function pointer(args: usize, i: i32): usize {
  return <usize> load<u32>(args + ((<usize> i) << 2));
}

/** a·b + c: one fused instruction where relaxed SIMD is compiled in, a product and a sum elsewhere. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The same value in all lanes. */
// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/**
 * exp(x) by lane, relative error below 2e-7: x = n·ln 2 + r, |r| ≤ ln 2 / 2, exp(r) by its series to degree 7.
 * Below −87 it gives exp(−87), above 88 exp(88). NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.max(splat(-87), f32x4.min(splat(88), x));
  const n = f32x4.nearest(f32x4.mul(clamped, splat(1.4426950408889634)));
  // ln 2 in two parts, the first with few bits, so that r keeps its precision.
  const r = madd(n, splat(2.12194440e-4), madd(n, splat(-0.693359375), clamped));
  let p = splat(1.0 / 5040.0);
  p = madd(p, r, splat(1.0 / 720.0));
  p = madd(p, r, splat(1.0 / 120.0));
  p = madd(p, r, splat(1.0 / 24.0));
  p = madd(p, r, splat(1.0 / 6.0));
  p = madd(p, r, splat(0.5));
  p = madd(p, r, splat(1));
  p = madd(p, r, splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** x·sigmoid(x) = x / (1 + exp(−x)) by lane. */
// @ts-ignore: decorator
@inline
export function swish4(x: v128): v128 {
  return f32x4.div(x, f32x4.add(splat(1), exp4(f32x4.neg(x))));
}

/** The sum of all lanes. */
// @ts-ignore: decorator
@inline
export function sum4(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}
