// Elementwise functions of one tensor, or of one and a gradient, that training needs.
import { arg, exp4, known, madd, pointer, splat } from "./simd";

const BLOCK: i32 = 4096;
const ONE = memory.data<f32>([1]);

/** What `map` computes; `MapKind` in `src/backend/wasm/lower/elementwise.ts`. */
const EXP: i32 = 0;
const LOG: i32 = 1;
const SIGMOID: i32 = 2;
const SOFTPLUS: i32 = 3;
const ABS: i32 = 4;
const SIGN: i32 = 5;
const LEAKY_RELU: i32 = 6;
const CLAMP: i32 = 7;
const BETWEEN: i32 = 8;

/*
 * out = f(x). Arguments: x, out, elements (buffers are padded to 16 bytes), which f, its two parameters (f32 bits).
 * Item: a block of 4096 elements.
 */
export function map(args: usize, item: i32): void {
  switch (arg(args, 3)) {
    case EXP:
      return mapScalars(args, item, EXP);
    case LOG:
      return mapScalars(args, item, LOG);
    case SIGMOID:
      return mapVectors(args, item, SIGMOID);
    case SOFTPLUS:
      return mapScalars(args, item, SOFTPLUS);
    case ABS:
      return mapVectors(args, item, ABS);
    case SIGN:
      return mapVectors(args, item, SIGN);
    case LEAKY_RELU:
      return mapVectors(args, item, LEAKY_RELU);
    case CLAMP:
      return mapVectors(args, item, CLAMP);
    case BETWEEN:
      return mapVectors(args, item, BETWEEN);
    default:
      unreachable();
  }
}

/* Functions whose whole range and accuracy matter: in f64, one by one. */
// @ts-ignore: decorator
@inline
function mapScalars(args: usize, item: i32, kind: i32): void {
  const begin = (<usize>(item * BLOCK)) << 2;
  const bytes = (<usize>min(BLOCK, arg(args, 2) - item * BLOCK)) << 2;
  const x = pointer(args, 0) + begin, out = pointer(args, 1) + begin;
  for (let i: usize = 0; i < bytes; i += 4) {
    const value = <f64>load<f32>(x + i);
    let y: f64;
    if (kind == EXP) y = NativeMath.exp(value);
    else if (kind == LOG) y = NativeMath.log(value);
    else y = max(value, 0) + NativeMath.log1p(NativeMath.exp(-abs(value)));
    store<f32>(out + i, <f32>y);
  }
}

// @ts-ignore: decorator
@inline
function mapVectors(args: usize, item: i32, kind: i32): void {
  const begin = (<usize>(item * BLOCK)) << 2;
  const bytes = (<usize>min(BLOCK, arg(args, 2) - item * BLOCK)) << 2;
  const x = pointer(args, 0) + begin, out = pointer(args, 1) + begin;
  const p = splat(reinterpret<f32>(arg(args, 4))), q = splat(reinterpret<f32>(arg(args, 5)));
  for (let i: usize = 0; i < bytes; i += 16) {
    const value = v128.load(x + i);
    let y: v128;
    if (kind == SIGMOID) y = sigmoid4(value);
    else if (kind == ABS) y = f32x4.abs(value);
    else if (kind == SIGN) {
      const above = v128.and(f32x4.gt(value, splat(0)), splat(1)), below = v128.and(f32x4.lt(value, splat(0)), splat(1));
      y = v128.or(f32x4.sub(above, below), f32x4.ne(value, value));
    } else if (kind == LEAKY_RELU) y = v128.bitselect(value, f32x4.mul(value, p), f32x4.gt(value, splat(0)));
    else if (kind == CLAMP) y = f32x4.max(p, f32x4.min(q, value));
    else y = v128.and(v128.and(f32x4.gt(value, p), f32x4.lt(value, q)), splat(1));
    v128.store(out + i, y);
  }
}

/** 1 / (1 + exp(−x)) by lane; of NaN, NaN. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return v128.or(f32x4.div(known(ONE), f32x4.add(known(ONE), exp4(f32x4.neg(x)))), f32x4.ne(x, x));
}

/*
 * Gradients by x of elementwise functions. Arguments: x, dy, out, elements, slope (f32 bits). Item: a block of 4096.
 */
/** dy·s·(1 + x·(1 − s)), s = sigmoid(x) */
export function siluGrad(args: usize, item: i32): void {
  mapGradient(args, item, 0);
}

/*
 * out = dy·up·s·(1 + x·(1 − s)), s = sigmoid(x). Arguments: x, up, dy, out, elements. Item: a block of 4096 elements.
 */
export function swigluGrad(args: usize, item: i32): void {
  const begin = (<usize>(item * BLOCK)) << 2;
  const bytes = (<usize>min(BLOCK, arg(args, 4) - item * BLOCK)) << 2;
  let x = pointer(args, 0) + begin, up = pointer(args, 1) + begin, dy = pointer(args, 2) + begin;
  let out = pointer(args, 3) + begin;
  for (const end = x + bytes; x < end; x += 16, up += 16, dy += 16, out += 16) {
    const value = v128.load(x), s = sigmoid4(value), d = f32x4.mul(v128.load(dy), v128.load(up));
    v128.store(out, f32x4.mul(f32x4.mul(d, s), madd(value, f32x4.sub(known(ONE), s), known(ONE))));
  }
}

/** dy above zero, slope·dy elsewhere */
export function leakyReluGrad(args: usize, item: i32): void {
  mapGradient(args, item, 1);
}

// @ts-ignore: decorator
@inline
function mapGradient(args: usize, item: i32, kind: i32): void {
  const begin = (<usize>(item * BLOCK)) << 2;
  const bytes = (<usize>min(BLOCK, arg(args, 3) - item * BLOCK)) << 2;
  const x = pointer(args, 0) + begin, dy = pointer(args, 1) + begin, out = pointer(args, 2) + begin;
  const slope = splat(reinterpret<f32>(arg(args, 4)));
  for (let i: usize = 0; i < bytes; i += 16) {
    const value = v128.load(x + i), d = v128.load(dy + i);
    let y: v128;
    if (kind == 0) {
      const s = sigmoid4(value);
      y = f32x4.mul(f32x4.mul(d, s), madd(value, f32x4.sub(known(ONE), s), known(ONE)));
    } else {
      y = v128.bitselect(d, f32x4.mul(d, slope), f32x4.gt(value, splat(0)));
      y = v128.or(y, f32x4.ne(value, value));
    }
    v128.store(out + i, y);
  }
}
