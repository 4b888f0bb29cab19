// What the gradients of normalisations need: sums by channel, and their application.
import { arg, madd, pointer, splat } from "./simd";

/** Positions of one item, or of one partial sum; channels of one item: a cache line of them. */
const BLOCK: i32 = 256;
const CHANNELS: i32 = 16;

/*
 * out[n, 0, c] = Σ dy, out[n, 1, c] = Σ dy·(x·a_c + b_c) over positions.
 * Arguments: x, dy [N,P,C], affine [N,2,C], out [N,2,C], P, C. Item: one (n, 16 channels). C is a multiple of 4.
 */
export function channelSums(args: usize, item: i32): void {
  const positions = arg(args, 4), channels = arg(args, 5), blocks = (channels + CHANNELS - 1) / CHANNELS;
  const n = item / blocks, begin = item % blocks * CHANNELS;
  const row = (<usize>channels) << 2, end = (<usize>min(channels, begin + CHANNELS)) << 2;
  const picture = (<usize>(n * positions)) * row, pair = (<usize>n) * 2 * row;
  const affine = pointer(args, 2) + pair, out = pointer(args, 3) + pair;
  for (let c = (<usize>begin) << 2; c < end; c += 16) v128.store(out + c, splat(0)), v128.store(out + row + c, splat(0));
  for (let first = 0; first < positions; first += BLOCK) {
    const count = min(BLOCK, positions - first);
    for (let c = (<usize>begin) << 2; c < end; c += 16) {
      const a = v128.load(affine + c), b = v128.load(affine + row + c);
      const offset = picture + (<usize>first) * row + c;
      let x = pointer(args, 0) + offset, dy = pointer(args, 1) + offset;
      let sums = splat(0), products = splat(0);
      for (let i = 0; i < count; i++, x += row, dy += row) {
        const d = v128.load(dy);
        sums = f32x4.add(sums, d), products = madd(d, madd(v128.load(x), a, b), products);
      }
      v128.store(out + c, f32x4.add(v128.load(out + c), sums));
      v128.store(out + row + c, f32x4.add(v128.load(out + row + c), products));
    }
  }
}

/*
 * out = dy·f0 + (x·a + b)·f1 + f2 by channel.
 * Arguments: x, dy [N,P,C], affine [N,2,C], factors [N,3,C], out, P, C, blocks. Item: one (n, block of 256 positions).
 */
export function channelCombine(args: usize, item: i32): void {
  const positions = arg(args, 5), channels = arg(args, 6), blocks = arg(args, 7);
  const n = item / blocks, begin = item % blocks * BLOCK, count = min(BLOCK, positions - begin);
  const row = (<usize>channels) << 2, offset = (<usize>(n * positions + begin)) * row;
  const affine = pointer(args, 2) + (<usize>n) * 2 * row, factors = pointer(args, 3) + (<usize>n) * 3 * row;
  let x = pointer(args, 0) + offset, dy = pointer(args, 1) + offset, out = pointer(args, 4) + offset;
  for (let i = 0; i < count; i++, x += row, dy += row, out += row) {
    for (let c: usize = 0; c < row; c += 16) {
      const normed = madd(v128.load(x + c), v128.load(affine + c), v128.load(affine + row + c));
      const shifted = madd(normed, v128.load(factors + row + c), v128.load(factors + 2 * row + c));
      v128.store(out + c, madd(v128.load(dy + c), v128.load(factors + c), shifted));
    }
  }
}
