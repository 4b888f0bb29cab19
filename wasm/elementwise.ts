// Elementwise kernels. An item is a block of 4096 elements, or one row of a broadcast.
import { arg, pointer, swish4 } from "./simd";

const BLOCK: i32 = 4096;

/*
 * Broadcast binary ops: out[i,j,k,l] = a[…] ∘ b[…], four axes.
 * Arguments: a, b, out, four lengths, four strides of a, four strides of b (elements; 0 repeats), elements of out.
 * Item: one (i, j, k), that is one row of the last axis, the last of which may be shorter.
 */
// @ts-ignore: decorator
@inline
function offsetOf(args: usize, item: i32, strides: i32): i32 {
  const k = item % arg(args, 5);
  const j = item / arg(args, 5) % arg(args, 4);
  const i = item / arg(args, 5) / arg(args, 4);
  return i * arg(args, strides) + j * arg(args, strides + 1) + k * arg(args, strides + 2);
}

/** a + b */
export function add(args: usize, item: i32): void {
  binary(args, item, 0);
}

/** a − b */
export function sub(args: usize, item: i32): void {
  binary(args, item, 1);
}

/** a · b */
export function mul(args: usize, item: i32): void {
  binary(args, item, 2);
}

/** a / b */
export function div(args: usize, item: i32): void {
  binary(args, item, 3);
}

// @ts-ignore: decorator
@inline
function binary(args: usize, item: i32, kind: i32): void {
  const begin = item * arg(args, 6), length = min(arg(args, 6), arg(args, 15) - begin);
  let a = pointer(args, 0) + ((<usize> offsetOf(args, item, 7)) << 2);
  let b = pointer(args, 1) + ((<usize> offsetOf(args, item, 11)) << 2);
  const out = pointer(args, 2) + ((<usize> begin) << 2);
  const stepA = (<usize> arg(args, 10)) << 2, stepB = (<usize> arg(args, 14)) << 2;
  let l = 0;
  if (stepA == 4 && stepB == 4) {
    for (; l + 4 <= length; l += 4, a += 16, b += 16) {
      v128.store(out + ((<usize> l) << 2), combine(v128.load(a), v128.load(b), kind));
    }
  } else if (stepA == 4 && stepB == 0) {
    const y = v128.load32_splat(b);
    for (; l + 4 <= length; l += 4, a += 16) v128.store(out + ((<usize> l) << 2), combine(v128.load(a), y, kind));
  }
  for (; l < length; l++, a += stepA, b += stepB) {
    const x = load<f32>(a), y = load<f32>(b);
    store<f32>(out + ((<usize> l) << 2), kind == 0 ? x + y : kind == 1 ? x - y : kind == 2 ? x * y : x / y);
  }
}

// @ts-ignore: decorator
@inline
function combine(x: v128, y: v128, kind: i32): v128 {
  if (kind == 0) return f32x4.add(x, y);
  if (kind == 1) return f32x4.sub(x, y);
  return kind == 2 ? f32x4.mul(x, y) : f32x4.div(x, y);
}

/*
 * Unary ops. Arguments: x, out, elements (buffers are padded to 16 bytes). Item: a block of 4096 elements.
 */
/** √x */
export function sqrt_(args: usize, item: i32): void {
  unary(args, item, 0);
}

/** x·sigmoid(x) */
export function silu(args: usize, item: i32): void {
  unary(args, item, 1);
}

// @ts-ignore: decorator
@inline
function unary(args: usize, item: i32, kind: i32): void {
  const begin = (<usize> (item * BLOCK)) << 2;
  const bytes = (<usize> min(BLOCK, arg(args, 2) - item * BLOCK)) << 2;
  const x = pointer(args, 0) + begin, out = pointer(args, 1) + begin;
  for (let i: usize = 0; i < bytes; i += 16) {
    const value = v128.load(x + i);
    v128.store(out + i, kind == 0 ? f32x4.sqrt(value) : swish4(value));
  }
}
