// Functions of one tensor: out = f(x), f as `src/graph/functions.ts` says.
//
// Arguments: x, out, elements (buffers are padded to 16 bytes), which f, its parameters p and q (f32 bits) in the order of
// its row there. Item: a block of 4096 elements. `Unary` numbers the functions; the build makes it of their table.
import { ELEMENT_BLOCK } from "./blocks";
import { Unary } from "./functions";
import { arg, exp4, known, pointer, splat, swish4 } from "./simd";

const ONE = memory.data<f32>([1]);
/** 2·√(2/π), and 0.044715. */
const GELU_A = memory.data<f32>([1.5957691216057308]), GELU_B = memory.data<f32>([0.044715]);

/* The functions that inference needs. */
export function unary(args: usize, item: i32): void {
  switch (arg(args, 3)) {
    case Unary.sqrt:
      return vectors(args, item, Unary.sqrt);
    case Unary.silu:
      return vectors(args, item, Unary.silu);
    default:
      unreachable();
  }
}

/* All others. */
// @training
export function unaryTraining(args: usize, item: i32): void {
  switch (arg(args, 3)) {
    case Unary.exp:
      return scalars(args, item, Unary.exp);
    case Unary.log:
      return scalars(args, item, Unary.log);
    case Unary.tanh:
      return scalars(args, item, Unary.tanh);
    case Unary.softplus:
      return scalars(args, item, Unary.softplus);
    case Unary.sigmoid:
      return vectors(args, item, Unary.sigmoid);
    case Unary.gelu:
      return vectors(args, item, Unary.gelu);
    case Unary.abs:
      return vectors(args, item, Unary.abs);
    case Unary.sign:
      return vectors(args, item, Unary.sign);
    case Unary.relu:
      return vectors(args, item, Unary.relu);
    case Unary.leaky_relu:
      return vectors(args, item, Unary.leaky_relu);
    case Unary.clamp:
      return vectors(args, item, Unary.clamp);
    case Unary.between:
      return vectors(args, item, Unary.between);
    default:
      unreachable();
  }
}

/* Functions whose whole range and accuracy matter: in f64, one by one. */
// @ts-ignore: decorator
@inline
function scalars(args: usize, item: i32, fn: i32): void {
  const begin = (<usize>(item * ELEMENT_BLOCK)) << 2;
  const bytes = (<usize>min(ELEMENT_BLOCK, arg(args, 2) - item * ELEMENT_BLOCK)) << 2;
  const x = pointer(args, 0) + begin, out = pointer(args, 1) + begin;
  for (let i: usize = 0; i < bytes; i += 4) {
    const value = <f64>load<f32>(x + i);
    let y: f64;
    if (fn == Unary.exp) y = NativeMath.exp(value);
    else if (fn == Unary.log) y = NativeMath.log(value);
    else if (fn == Unary.tanh) y = NativeMath.tanh(value);
    else y = max(value, 0) + NativeMath.log1p(NativeMath.exp(-abs(value)));
    store<f32>(out + i, <f32>y);
  }
}

// @ts-ignore: decorator
@inline
function vectors(args: usize, item: i32, fn: i32): void {
  const begin = (<usize>(item * ELEMENT_BLOCK)) << 2;
  const bytes = (<usize>min(ELEMENT_BLOCK, arg(args, 2) - item * ELEMENT_BLOCK)) << 2;
  const x = pointer(args, 0) + begin, out = pointer(args, 1) + begin;
  for (let i: usize = 0; i < bytes; i += 16) {
    const value = v128.load(x + i);
    let y: v128;
    if (fn == Unary.sqrt) y = f32x4.sqrt(value);
    else if (fn == Unary.silu) y = swish4(value);
    else if (fn == Unary.sigmoid) y = sigmoid4(value);
    else if (fn == Unary.gelu) {
      const cube = f32x4.mul(f32x4.mul(value, value), f32x4.mul(value, known(GELU_B)));
      y = f32x4.mul(value, sigmoid4(f32x4.mul(known(GELU_A), f32x4.add(value, cube))));
    }
    else if (fn == Unary.abs) y = f32x4.abs(value);
    else if (fn == Unary.sign) {
      const above = v128.and(f32x4.gt(value, splat(0)), splat(1)), below = v128.and(f32x4.lt(value, splat(0)), splat(1));
      y = v128.or(f32x4.sub(above, below), f32x4.ne(value, value));
    } else if (fn == Unary.relu) y = f32x4.max(value, splat(0));
    else if (fn == Unary.leaky_relu) y = v128.bitselect(value, f32x4.mul(value, parameter(args, 0)), f32x4.gt(value, splat(0)));
    else if (fn == Unary.clamp) y = f32x4.max(parameter(args, 0), f32x4.min(parameter(args, 1), value));
    else {
      const above = f32x4.gt(value, parameter(args, 0)), below = f32x4.lt(value, parameter(args, 1));
      y = v128.and(v128.and(above, below), splat(1));
    }
    v128.store(out + i, y);
  }
}

/** The i-th parameter of a function in all lanes. */
// @ts-ignore: decorator
@inline
function parameter(args: usize, i: i32): v128 {
  return v128.load32_splat(args + ((<usize>(4 + i)) << 2));
}

/** 1 / (1 + exp(−x)) by lane; of NaN, NaN. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return v128.or(f32x4.div(known(ONE), f32x4.add(known(ONE), exp4(f32x4.neg(x)))), f32x4.ne(x, x));
}
