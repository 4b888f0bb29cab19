// Pooling of 2×2 blocks, and its gradient.
import { arg, pointer } from "./simd";

/*
 * out[n, y, x, c] = the largest of in[n, 2y + {0,1}, 2x + {0,1}, c].
 * Arguments: x [N,H,W,C], out, H, W, C. Item: one (n, y).
 */
export function maxPool(args: usize, item: i32): void {
  const height = arg(args, 2), width = arg(args, 3), channels = arg(args, 4), columns = width >> 1;
  const n = item / (height >> 1), y = item % (height >> 1);
  const pixel = (<usize>channels) << 2, line = (<usize>width) * pixel;
  let x = pointer(args, 0) + (<usize>(n * height + 2 * y)) * line;
  let out = pointer(args, 1) + (<usize>(item * columns)) * pixel;
  for (let column = 0; column < columns; column++, x += 2 * pixel, out += pixel) {
    for (let c: usize = 0; c < pixel; c += 4) {
      const at = x + c;
      const above = max(load<f32>(at), load<f32>(at + pixel));
      const below = max(load<f32>(at + line), load<f32>(at + line + pixel));
      store<f32>(out + c, max(above, below));
    }
  }
}

/*
 * The gradient: dy of a block goes to the first of its largest elements.
 * Arguments: x [N,H,W,C], dy [N,H/2,W/2,C], out [N,H,W,C], H, W, C. Item: one (n, pair of rows), the last perhaps half.
 */
export function maxPoolGrad(args: usize, item: i32): void {
  const height = arg(args, 3), width = arg(args, 4), channels = arg(args, 5), columns = width >> 1;
  const pairs = (height + 1) >> 1, n = item / pairs, y = item % pairs, lines = min(2, height - 2 * y);
  const pixel = (<usize>channels) << 2, line = (<usize>width) * pixel;
  const begin = (<usize>(n * height + 2 * y)) * line;
  let x = pointer(args, 0) + begin, out = pointer(args, 2) + begin;
  memory.fill(out, 0, (<usize>lines) * line);
  if (lines < 2) return;
  let dy = pointer(args, 1) + (<usize>((n * (height >> 1) + y) * columns)) * pixel;
  for (let column = 0; column < columns; column++, x += 2 * pixel, out += 2 * pixel, dy += pixel) {
    for (let c: usize = 0; c < pixel; c += 4) {
      let best = c, most = load<f32>(x + c);
      for (let k: usize = 1; k < 4; k++) {
        const at = c + (k & 1) * pixel + (k >> 1) * line, value = load<f32>(x + at);
        if (value > most || value != value) best = at, most = value;
      }
      store<f32>(out + best, load<f32>(dy + c));
    }
  }
}
