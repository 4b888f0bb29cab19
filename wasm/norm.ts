// GroupNorm as a scale and a shift by channel, in two steps, and their application.
//
// Means and squared deviations are combined pairwise (Chan's formula), never as E[x²] − E[x]², so a large mean does
// not eat the variance's digits.
import { POSITION_BLOCK } from "./blocks";
import { arg, madd, pointer, splat, swish4 } from "./simd";

/*
 * By block of positions and channel: mean and Σ(x − mean)², each f32.
 * Arguments: x [N,P,C], partials [N,blocks,2,C], P, C, blocks. Item: one (n, block). C is a multiple of 4.
 */
export function normPartials(args: usize, item: i32): void {
  const positions = arg(args, 2), channels = arg(args, 3), blocks = arg(args, 4);
  const n = item / blocks, begin = item % blocks * POSITION_BLOCK;
  const count = min(POSITION_BLOCK, positions - begin);
  const row = (<usize> channels) << 2;
  const x = pointer(args, 0) + (<usize> (n * positions + begin)) * row;
  const out = pointer(args, 1) + (<usize> item) * 2 * row;
  const inverse = splat(<f32> (1.0 / <f64> count));
  let c: usize = 0;
  // Two vectors at once: half a cache line a step.
  for (; c + 32 <= row; c += 32) {
    // Deviations from the block's first position, which lie near zero however large the mean.
    const first0 = v128.load(x + c), first1 = v128.load(x + c, 16);
    let sum0 = splat(0), sum1 = sum0, squares0 = sum0, squares1 = sum0;
    for (let i = 0, at = x + c; i < count; i++, at += row) {
      const d0 = f32x4.sub(v128.load(at), first0), d1 = f32x4.sub(v128.load(at, 16), first1);
      sum0 = f32x4.add(sum0, d0), sum1 = f32x4.add(sum1, d1);
      squares0 = madd(d0, d0, squares0), squares1 = madd(d1, d1, squares1);
    }
    putPartial(out + c, row, first0, sum0, squares0, inverse);
    putPartial(out + c + 16, row, first1, sum1, squares1, inverse);
  }
  if (c < row) {
    const first = v128.load(x + c);
    let sum = splat(0), squares = sum;
    for (let i = 0, at = x + c; i < count; i++, at += row) {
      const d = f32x4.sub(v128.load(at), first);
      sum = f32x4.add(sum, d), squares = madd(d, d, squares);
    }
    putPartial(out + c, row, first, sum, squares, inverse);
  }
}

// @ts-ignore: decorator
@inline
function putPartial(out: usize, row: usize, first: v128, sum: v128, squares: v128, inverse: v128): void {
  const mean = f32x4.mul(sum, inverse);
  v128.store(out, f32x4.add(first, mean));
  v128.store(out + row, f32x4.sub(squares, f32x4.mul(sum, mean)));
}

/*
 * affine[n, 0, c] = w_c / √(var + eps), affine[n, 1, c] = b_c − mean·affine[n, 0, c], mean and var of c's group.
 * Arguments: partials, weight, bias, affine [N,2,C], P, C, blocks, groups, eps (f32 bits), stride of weight and bias
 * from image to image. Item: one (n, group).
 */
export function normAffine(args: usize, item: i32): void {
  const positions = arg(args, 4), channels = arg(args, 5), blocks = arg(args, 6), groups = arg(args, 7);
  const eps = reinterpret<f32>(arg(args, 8));
  const n = item / groups, width = channels / groups, begin = item % groups * width;
  const row = (<usize> channels) << 2;
  const partials = pointer(args, 0) + (<usize> (n * blocks)) * 2 * row;
  let count: f64 = 0, mean: f64 = 0, squares: f64 = 0;
  for (let block = 0; block < blocks; block++) {
    const size = <f64> min(POSITION_BLOCK, positions - block * POSITION_BLOCK);
    const at = partials + (<usize> block) * 2 * row;
    for (let c = begin; c < begin + width; c++) {
      const delta = <f64> load<f32>(at + ((<usize> c) << 2)) - mean;
      const total = count + size;
      mean += delta * size / total;
      squares += <f64> load<f32>(at + row + ((<usize> c) << 2)) + delta * delta * count * size / total;
      count = total;
    }
  }
  const scale = 1.0 / sqrt(max(squares / count, 0) + <f64> eps);
  const given = (<usize> (n * arg(args, 9))) << 2;
  const affine = pointer(args, 3) + (<usize> n) * 2 * row;
  for (let c = begin; c < begin + width; c++) {
    const at = (<usize> c) << 2;
    const a = <f64> load<f32>(pointer(args, 1) + given + at) * scale;
    store<f32>(affine + at, <f32> a);
    store<f32>(affine + row + at, <f32> (<f64> load<f32>(pointer(args, 2) + given + at) - mean * a));
  }
}

/*
 * out = x·affine[n, 0, c] + affine[n, 1, c], then swish if `swish` is not 0.
 * Arguments: x [N,P,C], affine [N,2,C], out, P, C, blocks, swish. Item: one (n, block). C is a multiple of 4.
 */
export function channelAffine(args: usize, item: i32): void {
  const positions = arg(args, 3), channels = arg(args, 4), blocks = arg(args, 5), activate = arg(args, 6);
  const n = item / blocks, begin = item % blocks * POSITION_BLOCK;
  const count = min(POSITION_BLOCK, positions - begin);
  const row = (<usize> channels) << 2;
  const offset = (<usize> (n * positions + begin)) * row;
  const affine = pointer(args, 1) + (<usize> n) * 2 * row;
  let x = pointer(args, 0) + offset, out = pointer(args, 2) + offset;
  for (let i = 0; i < count; i++, x += row, out += row) {
    for (let c: usize = 0; c < row; c += 16) {
      const value = madd(v128.load(x + c), v128.load(affine + c), v128.load(affine + row + c));
      v128.store(out + c, activate ? swish4(value) : value);
    }
  }
}
