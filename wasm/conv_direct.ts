// Convolution of any kernel and stride as a product: pixels are gathered into rows of kh·kw·C values.
import { arg, pointer } from "./simd";
import { gemmPanel } from "./gemm";
import { copyPixel, outputAddress, putLanes, putOutput, residualDistance } from "./conv_input";

/** Output pixels of one item, a multiple of the product's four rows. */
const PIXELS: i32 = 24;
/** Values of a row that one product takes. */
const DEPTH: i32 = 192;

/*
 * out[n, y, x, o] = bias_o + Σ_{a,b,c} in(n, y·s + a − py, x·s + b − px, c)·w[o, c, a, b] (+ residual).
 *
 * Arguments: x [N,H,W,C], affine or 0, w packed [⌈O/8⌉][K][8], bias (padded to 8) or 0, residual or 0, out,
 * H, W, C, H', W', O, kh, kw, py, px, s, swish, shuffle, N, t, top, left, rows, columns. Item: 24 consecutive pixels of
 * the output of all images. Pixel (y, x) is written to (t·y + top, t·x + left) of rows × columns, as gradients of strided
 * ones need; elsewhere t is 1.
 * Scratch: 24 rows of K values (kh·kw·C, up to a multiple of 4), then 24 rows of O.
 */
export function convDirect(args: usize, item: i32, scratch: usize): void {
  const bias = pointer(args, 3), residual = residualDistance(pointer(args, 4), pointer(args, 5));
  const outHeight = arg(args, 9), outWidth = arg(args, 10), outputs = arg(args, 11);
  const shuffle = arg(args, 18), rows = arg(args, 23), columns = arg(args, 24);
  const k = (arg(args, 8) * arg(args, 12) * arg(args, 13) + 3) & ~3;
  const lda = (<usize>k) << 2;
  const total = arg(args, 19) * outHeight * outWidth;
  const first = item * PIXELS, count = min(PIXELS, total - first);
  for (let i = 0; i < count; i++) gather(args, first + i, scratch + (<usize>i) * lda, lda);

  // As many values at a time as stay in the nearest cache, with the weights for them.
  const c = scratch + (<usize>PIXELS) * lda, row = (<usize>((outputs + 7) & ~7)) << 2;
  if (k == 0) memory.fill(c, 0, (<usize>PIXELS) * row);
  for (let from = 0; from < k; from += DEPTH) {
    const a = scratch + ((<usize>from) << 2), depth = min(DEPTH, k - from);
    let b = pointer(args, 2) + ((<usize>from) << 5);
    for (let o: usize = 0; o < row; o += 32, b += lda << 3) {
      gemmPanel(a, lda, b, c + o, row, depth, count, from > 0);
    }
  }
  for (let i = 0; i < count; i++) {
    const pixel = first + i;
    const column = pixel % outWidth * arg(args, 20) + arg(args, 22);
    const line = pixel / outWidth % outHeight * arg(args, 20) + arg(args, 21), n = pixel / outWidth / outHeight;
    for (let o = 0; o < outputs; o += 4) {
      let value = v128.load(c + (<usize>i) * row + ((<usize>o) << 2));
      if (bias) value = f32x4.add(value, v128.load(bias + ((<usize>o) << 2)));
      const out = pointer(args, 5) + outputAddress(n, line, column, rows, columns, outputs, o, shuffle);
      if (shuffle && (outputs & 15)) putShuffled(args, value, residual, n, line, column, o);
      else if (o + 4 <= outputs) putOutput(out, residual, value);
      else putLanes(out, residual, value, outputs - o);
    }
  }
}

/** Stores four channels, of which only those before the last exist, where they go to different pixels. */
function putShuffled(args: usize, value: v128, residual: usize, n: i32, row: i32, column: i32, o: i32): void {
  const outHeight = arg(args, 9), outWidth = arg(args, 10), outputs = arg(args, 11);
  for (let i = o; i < min(o + 4, outputs); i++) {
    const out = pointer(args, 5) + outputAddress(n, row, column, outHeight, outWidth, outputs, i, 1);
    putLanes(out, residual, value, 1);
    value = i8x16.shuffle(value, value, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
  }
}

/** The kh·kw·C values under the kernel for one output pixel, and zeros to the end of its `row` bytes. */
function gather(args: usize, pixel: i32, out: usize, row: usize): void {
  const height = arg(args, 6), width = arg(args, 7), channels = arg(args, 8);
  const outHeight = arg(args, 9), outWidth = arg(args, 10), kh = arg(args, 12), kw = arg(args, 13);
  const stride = arg(args, 16), activate = arg(args, 17);
  const y0 = pixel / outWidth % outHeight * stride - arg(args, 14), x0 = pixel % outWidth * stride - arg(args, 15);
  const n = pixel / outWidth / outHeight, end = out + row;
  const bytes = (<usize>channels) << 2;
  const affine = pointer(args, 1) ? pointer(args, 1) + (<usize>n) * 2 * bytes : 0;
  const plane = pointer(args, 0) + (<usize>(n * height * width)) * bytes;
  for (let a = 0; a < kh; a++) {
    const y = y0 + a;
    for (let b = 0; b < kw; b++, out += bytes) {
      const x = x0 + b;
      if (y < 0 || y >= height || x < 0 || x >= width) memory.fill(out, 0, bytes);
      else if (!affine) memory.copy(out, plane + (<usize>(y * width + x)) * bytes, bytes);
      else copyPixel(out, plane + (<usize>(y * width + x)) * bytes, affine, bytes, activate);
    }
  }
  memory.fill(out, 0, end - out);
}
