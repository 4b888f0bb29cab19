// What the gradients of normalisations need: sums by channel, and their application.
import { POSITION_BLOCK } from "./blocks";
import { sigmoid4 } from "./unary";
import { arg, known, madd, pointer, splat } from "./simd";

/** Channels of one item: a cache line of them. */
const CHANNELS: i32 = 16;
const ONE = memory.data<f32>([1]);

/** dy·swish'(x·a + b), where there are a and b, `row` bytes apart; else dy. */
// @ts-ignore: decorator
@inline
function through(dy: v128, x: v128, activation: usize, row: usize): v128 {
  if (!activation) return dy;
  const y = madd(x, v128.load(activation), v128.load(activation + row)), s = sigmoid4(y);
  return f32x4.mul(f32x4.mul(dy, s), madd(y, f32x4.sub(known(ONE), s), known(ONE)));
}

/*
 * out[n, 0, c] = Σ d, out[n, 1, c] = Σ d·(x·a_c + b_c) over positions, d = dy·swish'(x·a'_c + b'_c) where there are a', b'.
 * Arguments: x, dy [N,P,C], affine [N,2,C], activation [N,2,C] or 0, out [N,2,C], P, C. Item: one (n, 16 channels). C is a
 * multiple of 4.
 */
// @training
export function channelSums(args: usize, item: i32): void {
  const positions = arg(args, 5), channels = arg(args, 6), blocks = (channels + CHANNELS - 1) / CHANNELS;
  const n = item / blocks, begin = item % blocks * CHANNELS;
  const row = (<usize>channels) << 2, end = (<usize>min(channels, begin + CHANNELS)) << 2;
  const image = (<usize>(n * positions)) * row, pair = (<usize>n) * 2 * row;
  const affine = pointer(args, 2) + pair, out = pointer(args, 4) + pair;
  const activation = pointer(args, 3) ? pointer(args, 3) + pair : 0;
  for (let c = (<usize>begin) << 2; c < end; c += 16) v128.store(out + c, splat(0)), v128.store(out + row + c, splat(0));
  for (let first = 0; first < positions; first += POSITION_BLOCK) {
    const count = min(POSITION_BLOCK, positions - first);
    for (let c = (<usize>begin) << 2; c < end; c += 16) {
      const a = v128.load(affine + c), b = v128.load(affine + row + c);
      const offset = image + (<usize>first) * row + c, active = activation ? activation + c : 0;
      let x = pointer(args, 0) + offset, dy = pointer(args, 1) + offset;
      let sums = splat(0), products = splat(0);
      for (let i = 0; i < count; i++, x += row, dy += row) {
        const value = v128.load(x), d = through(v128.load(dy), value, active, row);
        sums = f32x4.add(sums, d), products = madd(d, madd(value, a, b), products);
      }
      v128.store(out + c, f32x4.add(v128.load(out + c), sums));
      v128.store(out + row + c, f32x4.add(v128.load(out + row + c), products));
    }
  }
}

/*
 * out = r·(w·d − mean(w·d) − x̂·mean(w·d·x̂)), x̂ = x·r + b, the means over positions and the channels of a group, from
 * sums = (Σ d, Σ d·x̂) by channel; d as above.
 * Arguments: x, dy [N,P,C], affine [N,2,C] = (r, b), sums [N,2,C], weight [C] or [N,C], activation [N,2,C] or 0, out, P, C,
 * blocks, groups, stride of weight from image to image. Item: one (n, block of 256 positions). C is a multiple of 4.
 * Scratch: what d, x̂ and 1 are multiplied by, for each channel.
 */
// @training
export function groupNormGrad(args: usize, item: i32, scratch: usize): void {
  const positions = arg(args, 7), channels = arg(args, 8), blocks = arg(args, 9);
  const n = item / blocks, begin = item % blocks * POSITION_BLOCK, count = min(POSITION_BLOCK, positions - begin);
  const row = (<usize>channels) << 2, offset = (<usize>(n * positions + begin)) * row, pair = (<usize>n) * 2 * row;
  const affine = pointer(args, 2) + pair, activation = pointer(args, 5) ? pointer(args, 5) + pair : 0;
  groupFactors(args, n, scratch);
  let x = pointer(args, 0) + offset, dy = pointer(args, 1) + offset, out = pointer(args, 6) + offset;
  for (let i = 0; i < count; i++, x += row, dy += row, out += row) {
    for (let c: usize = 0; c < row; c += 16) {
      const value = v128.load(x + c), d = through(v128.load(dy + c), value, activation ? activation + c : 0, row);
      const normed = madd(value, v128.load(affine + c), v128.load(affine + row + c));
      const shifted = madd(normed, v128.load(scratch + row + c), v128.load(scratch + 2 * row + c));
      v128.store(out + c, madd(d, v128.load(scratch + c), shifted));
    }
  }
}

/** r·w, −r·mean(w·d·x̂), −r·mean(w·d) for each channel of image n. */
function groupFactors(args: usize, n: i32, out: usize): void {
  const channels = arg(args, 8), size = channels / arg(args, 10), row = (<usize>channels) << 2;
  const affine = pointer(args, 2) + (<usize>n) * 2 * row, sums = pointer(args, 3) + (<usize>n) * 2 * row;
  const weight = pointer(args, 4) + ((<usize>(n * arg(args, 11))) << 2);
  const inverse = 1 / <f64>(arg(args, 7) * size);
  for (let first: usize = 0; first < row; first += (<usize>size) << 2) {
    let plain: f64 = 0, normed: f64 = 0;
    const end = first + ((<usize>size) << 2);
    for (let c = first; c < end; c += 4) {
      const w = <f64>load<f32>(weight + c);
      plain += w * <f64>load<f32>(sums + c), normed += w * <f64>load<f32>(sums + row + c);
    }
    const byOne = <f32>(-plain * inverse), byNormed = <f32>(-normed * inverse);
    for (let c = first; c < end; c += 4) {
      const r = load<f32>(affine + c);
      store<f32>(out + c, r * load<f32>(weight + c));
      store<f32>(out + row + c, r * byNormed), store<f32>(out + 2 * row + c, r * byOne);
    }
  }
}
