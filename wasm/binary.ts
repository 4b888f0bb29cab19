// Functions of two tensors, broadcast: out[i,j,k,l] = f(a[…], b[…]), four axes, f as `src/graph/functions.ts` says.
//
// Arguments: a, b, out, four lengths, four strides of a, four strides of b (elements; 0 repeats), elements of out, which f.
// Item: one (i, j, k), that is one row of the last axis, the last of which may be shorter. `Binary` numbers the functions;
// the build makes it of their table.
import { Binary } from "./functions";
import { arg, pointer, splat } from "./simd";

/* The functions that inference needs. */
export function binary(args: usize, item: i32): void {
  switch (arg(args, 16)) {
    case Binary.add:
      return pairs(args, item, Binary.add);
    case Binary.sub:
      return pairs(args, item, Binary.sub);
    case Binary.mul:
      return pairs(args, item, Binary.mul);
    default:
      unreachable();
  }
}

/* All others. */
// @training
export function binaryTraining(args: usize, item: i32): void {
  switch (arg(args, 16)) {
    case Binary.div:
      return pairs(args, item, Binary.div);
    case Binary.maximum:
      return pairs(args, item, Binary.maximum);
    case Binary.minimum:
      return pairs(args, item, Binary.minimum);
    case Binary.greater:
      return pairs(args, item, Binary.greater);
    default:
      unreachable();
  }
}

// @ts-ignore: decorator
@inline
function vector(x: v128, y: v128, fn: i32): v128 {
  if (fn == Binary.add) return f32x4.add(x, y);
  if (fn == Binary.sub) return f32x4.sub(x, y);
  if (fn == Binary.mul) return f32x4.mul(x, y);
  if (fn == Binary.div) return f32x4.div(x, y);
  if (fn == Binary.maximum) return f32x4.max(x, y);
  if (fn == Binary.minimum) return f32x4.min(x, y);
  return v128.and(f32x4.gt(x, y), splat(1));
}

// @ts-ignore: decorator
@inline
function scalar(x: f32, y: f32, fn: i32): f32 {
  if (fn == Binary.add) return x + y;
  if (fn == Binary.sub) return x - y;
  if (fn == Binary.mul) return x * y;
  if (fn == Binary.div) return x / y;
  if (fn == Binary.maximum) return max(x, y);
  if (fn == Binary.minimum) return min(x, y);
  return x > y ? 1 : 0;
}

// @ts-ignore: decorator
@inline
function pairs(args: usize, item: i32, fn: i32): void {
  const begin = item * arg(args, 6), length = min(arg(args, 6), arg(args, 15) - begin);
  let a = pointer(args, 0) + ((<usize> offsetOf(args, item, 7)) << 2);
  let b = pointer(args, 1) + ((<usize> offsetOf(args, item, 11)) << 2);
  const out = pointer(args, 2) + ((<usize> begin) << 2);
  const stepA = (<usize> arg(args, 10)) << 2, stepB = (<usize> arg(args, 14)) << 2;
  let l = 0;
  if (stepA == 4 && stepB == 4) {
    for (; l + 4 <= length; l += 4, a += 16, b += 16) {
      v128.store(out + ((<usize> l) << 2), vector(v128.load(a), v128.load(b), fn));
    }
  } else if (stepA == 4 && stepB == 0) {
    const y = v128.load32_splat(b);
    for (; l + 4 <= length; l += 4, a += 16) v128.store(out + ((<usize> l) << 2), vector(v128.load(a), y, fn));
  }
  for (; l < length; l++, a += stepA, b += stepB) {
    const x = load<f32>(a), y = load<f32>(b);
    store<f32>(out + ((<usize> l) << 2), scalar(x, y, fn));
  }
}

// @ts-ignore: decorator
@inline
function offsetOf(args: usize, item: i32, strides: i32): i32 {
  const k = item % arg(args, 5);
  const j = item / arg(args, 5) % arg(args, 4);
  const i = item / arg(args, 5) / arg(args, 4);
  return i * arg(args, strides) + j * arg(args, strides + 1) + k * arg(args, strides + 2);
}
