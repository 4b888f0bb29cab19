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
 * A constant that lies in memory, in all lanes: `const HALF = memory.data<f32>([0.5])`, then `known(HALF)`.
 *
 * One instruction, without a bounds check since the address is known. A literal vector costs V8 three at every use,
 * for it neither keeps one in a register nor shares it.
 */
// @ts-ignore: decorator
@inline
export function known(address: usize): v128 {
  return v128.load32_splat(address);
}

const LOG2E = memory.data<f32>([1.4426950408889634]);
const LIMIT = memory.data<f32>([125]), MINUS_LIMIT = memory.data<f32>([-125]);
/** 1.5·2^23: adding it rounds to a whole number, which then stands in the lowest bits. */
const ROUND = memory.data<f32>([12582912]);
const ONE = memory.data<f32>([1]);
/** 2^f on [−½, ½], the coefficients of f to f⁶ of the minimax polynomial. */
const P1 = memory.data<f32>([0.6931471824645996]), P2 = memory.data<f32>([0.24022646248340607]);
const P3 = memory.data<f32>([0.05550328642129898]), P4 = memory.data<f32>([0.009618489071726799]);
const P5 = memory.data<f32>([0.0013399930903688073]), P6 = memory.data<f32>([0.0001534581242594868]);

/**
 * exp(x) by lane, relative error below 2e-7: 2^(n + f) with n whole and |f| ≤ ½; 2^f by a minimax polynomial, n added
 * to the exponent's bits. Outside of ±86 it gives exp(±86). NaN gives some finite value.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  // The pseudo-minimum and -maximum are one instruction each, which the IEEE ones are not.
  const t = f32x4.pmax(known(MINUS_LIMIT), f32x4.pmin(known(LIMIT), f32x4.mul(x, known(LOG2E))));
  const shifted = f32x4.add(t, known(ROUND));
  const f = f32x4.sub(t, f32x4.sub(shifted, known(ROUND)));
  let p = madd(known(P6), f, known(P5));
  p = madd(p, f, known(P4));
  p = madd(p, f, known(P3));
  p = madd(p, f, known(P2));
  p = madd(p, f, known(P1));
  p = madd(p, f, known(ONE));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/** x·sigmoid(x) = x / (1 + exp(−x)) by lane. */
// @ts-ignore: decorator
@inline
export function swish4(x: v128): v128 {
  return f32x4.div(x, f32x4.add(known(ONE), exp4(f32x4.neg(x))));
}

/** The sum of all lanes. */
// @ts-ignore: decorator
@inline
export function sum4(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}
