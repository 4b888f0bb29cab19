// Gradients of functions of one tensor, in one pass over x and dy.
import { ELEMENT_BLOCK } from "./blocks";
import { arg, known, madd, pointer, splat } from "./simd";
import { sigmoid4 } from "./unary";

const ONE = memory.data<f32>([1]);

/*
 * Gradients by x of elementwise functions. Arguments: x, dy, out, elements, slope (f32 bits). Item: a block of 4096.
 */
/** dy·s·(1 + x·(1 − s)), s = sigmoid(x) */
// @training
export function siluGrad(args: usize, item: i32): void {
  mapGradient(args, item, 0);
}

/*
 * out = dy·up·s·(1 + x·(1 − s)), s = sigmoid(x). Arguments: x, up, dy, out, elements. Item: a block of 4096 elements.
 */
// @training
export function swigluGrad(args: usize, item: i32): void {
  const begin = (<usize>(item * ELEMENT_BLOCK)) << 2;
  const bytes = (<usize>min(ELEMENT_BLOCK, arg(args, 4) - item * ELEMENT_BLOCK)) << 2;
  let x = pointer(args, 0) + begin, up = pointer(args, 1) + begin, dy = pointer(args, 2) + begin;
  let out = pointer(args, 3) + begin;
  for (const end = x + bytes; x < end; x += 16, up += 16, dy += 16, out += 16) {
    const value = v128.load(x), s = sigmoid4(value), d = f32x4.mul(v128.load(dy), v128.load(up));
    v128.store(out, f32x4.mul(f32x4.mul(d, s), madd(value, f32x4.sub(known(ONE), s), known(ONE))));
  }
}

/** dy above zero, slope·dy elsewhere */
// @training
export function leakyReluGrad(args: usize, item: i32): void {
  mapGradient(args, item, 1);
}

// @ts-ignore: decorator
@inline
function mapGradient(args: usize, item: i32, kind: i32): void {
  const begin = (<usize>(item * ELEMENT_BLOCK)) << 2;
  const bytes = (<usize>min(ELEMENT_BLOCK, arg(args, 3) - item * ELEMENT_BLOCK)) << 2;
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
