// What convolutions read and write around their products: the normalised input, and the finished output.
import { madd, splat, swish4 } from "./simd";

/*
 * Copies channels [c, c + count) of one pixel: x·a + b (affine [2,C] of its picture, or 0), then swish where asked.
 * `row`: bytes of a pixel. `count` a multiple of 4.
 */
// @ts-ignore: decorator
@inline
export function copyPixel(out: usize, x: usize, affine: usize, row: usize, bytes: usize, activate: i32): void {
  if (!affine) {
    for (let c: usize = 0; c < bytes; c += 16) v128.store(out + c, v128.load(x + c));
  } else if (!activate) {
    for (let c: usize = 0; c < bytes; c += 16) {
      v128.store(out + c, madd(v128.load(x + c), v128.load(affine + c), v128.load(affine + row + c)));
    }
  } else {
    for (let c: usize = 0; c < bytes; c += 16) {
      v128.store(out + c, swish4(madd(v128.load(x + c), v128.load(affine + c), v128.load(affine + row + c))));
    }
  }
}

/** Where a pixel outside of the picture would stand: zeros. */
// @ts-ignore: decorator
@inline
export function zeroPixel(out: usize, bytes: usize): void {
  for (let c: usize = 0; c < bytes; c += 16) v128.store(out + c, splat(0));
}

/*
 * Byte offset, in the output, of channel o of the pixel (row, column) of picture n.
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

/** Stores four channels at `out`, plus the residual, which lies `residual` bytes further; 0 for none. */
// @ts-ignore: decorator
@inline
export function putOutput(out: usize, residual: usize, value: v128): void {
  v128.store(out, residual ? f32x4.add(value, v128.load(out + residual)) : value);
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
  store<f32>(out, residual ? value + load<f32>(out + residual) : value);
}
