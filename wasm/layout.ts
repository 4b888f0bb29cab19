// Rearrangements, and bits in and out of tokens.
import { arg, pointer } from "./simd";

/*
 * out[n, 2h+a, 2w+b, c] = x[n, h, w, (2a+b)·C + c].
 * Arguments: x, out, H (over all images), W, C of out. Item: one row of x.
 */
export function depthToSpace(args: usize, item: i32): void {
  const width = arg(args, 3), bytes = (<usize> arg(args, 4)) << 2;
  let x = pointer(args, 0) + (<usize> (item * width)) * 4 * bytes;
  const row = (<usize> (2 * width)) * bytes;
  let out = pointer(args, 1) + (<usize> (2 * item)) * row;
  for (let w = 0; w < width; w++, x += 4 * bytes, out += 2 * bytes) {
    memory.copy(out, x, 2 * bytes);
    memory.copy(out + row, x + 2 * bytes, 2 * bytes);
  }
}

/*
 * out[i] = Σ_j [x[i, j] > 0]·2^j. Arguments: x, out, elements of out, bits. Item: all.
 */
export function packBits(args: usize, _item: i32): void {
  let x = pointer(args, 0), out = pointer(args, 1);
  const bits = arg(args, 3);
  for (let i = arg(args, 2); i > 0; i--, out += 4) {
    let token: u32 = 0;
    for (let j = 0; j < bits; j++, x += 4) token |= <u32> (load<f32>(x) > 0) << j;
    store<u32>(out, token);
  }
}

/*
 * out[i, j] = +1 where bit j of x[i] is set, −1 elsewhere. Arguments: x, out, elements of x, bits. Item: all.
 */
export function unpackBits(args: usize, _item: i32): void {
  let x = pointer(args, 0), out = pointer(args, 1);
  const bits = arg(args, 3);
  for (let i = arg(args, 2); i > 0; i--, x += 4) {
    const token = load<u32>(x);
    for (let j = 0; j < bits; j++, out += 4) store<f32>(out, (token >> j) & 1 ? 1 : -1);
  }
}

/*
 * out[i,j,k,l] = x[i·s0 + j·s1 + k·s2 + l·s3]. Arguments: x, out, four lengths, four strides (elements).
 * Item: one (i, j, k).
 */
// @training
export function strided(args: usize, item: i32): void {
  const k = item % arg(args, 4), j = item / arg(args, 4) % arg(args, 3), i = item / arg(args, 4) / arg(args, 3);
  const length = arg(args, 5), step = (<usize> arg(args, 9)) << 2;
  let x = pointer(args, 0) + ((<usize> (i * arg(args, 6) + j * arg(args, 7) + k * arg(args, 8))) << 2);
  const out = pointer(args, 1) + ((<usize> (item * length)) << 2);
  if (step == 4) memory.copy(out, x, (<usize> length) << 2);
  else for (let l = 0; l < length; l++, x += step) store<u32>(out + ((<usize> l) << 2), load<u32>(x));
}
