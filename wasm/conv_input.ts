// Reading the input of convolutions, normalised and activated, and writing their output.
import { madd, splat, swish4 } from "./simd";

/*
 * Copies 16 channels of one pixel: x·a + b (a at `affine`, b `row` bytes further; x itself if `affine` is 0), then swish if
 * `activate`.
 * Four vectors a call: an engine sets up the constants of a swish once for all of them.
 */
// @ts-ignore: decorator
@inline
export function copyChunk(out: usize, x: usize, affine: usize, row: usize, activate: i32): void {
  let x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
  if (affine) {
    const b = affine + row;
    x0 = madd(x0, v128.load(affine), v128.load(b)), x1 = madd(x1, v128.load(affine, 16), v128.load(b, 16));
    x2 = madd(x2, v128.load(affine, 32), v128.load(b, 32)), x3 = madd(x3, v128.load(affine, 48), v128.load(b, 48));
    if (activate) x0 = swish4(x0), x1 = swish4(x1), x2 = swish4(x2), x3 = swish4(x3);
  }
  v128.store(out, x0), v128.store(out, x1, 16), v128.store(out, x2, 32), v128.store(out, x3, 48);
}

/*
 * Copies all channels of one pixel, `bytes` of them (a multiple of 16), as copyChunk does.
 */
// @ts-ignore: decorator
@inline
export function copyPixel(out: usize, x: usize, affine: usize, bytes: usize, activate: i32): void {
  let c: usize = 0;
  for (; c + 64 <= bytes; c += 64) copyChunk(out + c, x + c, affine ? affine + c : 0, bytes, activate);
  for (; c < bytes; c += 16) {
    let value = v128.load(x + c);
    if (affine) value = madd(value, v128.load(affine + c), v128.load(affine + bytes + c));
    v128.store(out + c, activate ? swish4(value) : value);
  }
}

/** 16 channels of a pixel outside of the image: zeros. */
// @ts-ignore: decorator
@inline
export function zeroChunk(out: usize): void {
  const zero = splat(0);
  v128.store(out, zero), v128.store(out, zero, 16), v128.store(out, zero, 32), v128.store(out, zero, 48);
}

/*
 * Byte offset, in the output, of channel o of the pixel (row, column) of image n.
 * shuffle 0: out [N,H,W,O]. shuffle 1: out [N,2H,2W,O/4], channel (2a+b)·O/4 + c goes to (2·row+a, 2·column+b, c).
 */
// @ts-ignore: decorator
@inline
export function outputAddress(
  n: i32,
  row: i32,
  column: i32,
  height: i32,
  width: i32,
  outputs: i32,
  o: i32,
  shuffle: i32,
): usize {
  if (!shuffle) return (<usize>(((n * height + row) * width + column) * outputs + o)) << 2;
  const channels = outputs >> 2, quarter = o / channels;
  const y = 2 * (n * height + row) + (quarter >> 1), x = 2 * column + (quarter & 1);
  return (<usize>((y * 2 * width + x) * channels + o % channels)) << 2;
}

/** The distance that stands for no residual; no two buffers have it. With a distance of 0 the output replaces the residual. */
const NONE: usize = 1;

/** The distance in bytes from the output to the residual. */
// @ts-ignore: decorator
@inline
export function residualDistance(residual: usize, out: usize): usize {
  return residual ? residual - out : NONE;
}

/** Stores four channels at `out`, plus the residual `residual` bytes further. */
// @ts-ignore: decorator
@inline
export function putOutput(out: usize, residual: usize, value: v128): void {
  v128.store(out, residual != NONE ? f32x4.add(value, v128.load(out + residual)) : value);
}

/** As putOutput, for the first `count` of four channels. */
export function putLanes(out: usize, residual: usize, value: v128, count: i32): void {
  putLane(out, residual, f32x4.extract_lane(value, 0));
  if (count > 1) putLane(out + 4, residual, f32x4.extract_lane(value, 1));
  if (count > 2) putLane(out + 8, residual, f32x4.extract_lane(value, 2));
}

// @ts-ignore: decorator
@inline
function putLane(out: usize, residual: usize, value: f32): void {
  store<f32>(out, residual != NONE ? value + load<f32>(out + residual) : value);
}
