// Padding along any axes, with zeros or with the nearest element.
import { arg, pointer } from "./simd";

/*
 * out[i_0, …] = x[i_0 − before_0, …]. Outside of x the result is 0, or the nearest element of x with `replicate`.
 * Arguments: x, out, replicate, the number of axes, then for each axis its length in out, its length in x and `before`. No
 * axis of x is empty. Item: a row of out along the last axis.
 */
export function pad(args: usize, item: i32): void {
  const replicate = arg(args, 2), axes = arg(args, 3), last = args + ((<usize>(1 + 3 * axes)) << 2);
  const length = arg(last, 0), size = arg(last, 1), before = arg(last, 2);
  let out = pointer(args, 1) + ((<usize>(item * length)) << 2);
  let row = 0, step = 1, outside = false;
  // The other axes, innermost first.
  for (let axis = axes - 2; axis >= 0; axis--) {
    const at = args + ((<usize>(4 + 3 * axis)) << 2), own = arg(at, 1);
    const i = item % arg(at, 0) - arg(at, 2), held = max(0, min(own - 1, i));
    outside = outside || held != i;
    row += held * step;
    step *= own, item /= arg(at, 0);
  }
  const bytes = (<usize>length) << 2;
  if (outside && !replicate) {
    memory.fill(out, 0, bytes);
    return;
  }
  const x = pointer(args, 0) + ((<usize>(row * size)) << 2);
  out = put(out, x, before, replicate);
  memory.copy(out, x, (<usize>size) << 2);
  put(out + ((<usize>size) << 2), x + ((<usize>(size - 1)) << 2), length - size - before, replicate);
}

/** Writes the element at x, or zeros, `count` times. Returns the address after the last one. */
// @ts-ignore: decorator
@inline
function put(out: usize, x: usize, count: i32, replicate: i32): usize {
  const end = out + ((<usize>count) << 2), value: u32 = replicate ? load<u32>(x) : 0;
  for (; out < end; out += 4) store<u32>(out, value);
  return end;
}
