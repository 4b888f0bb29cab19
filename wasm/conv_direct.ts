// Convolution of any kernel and stride as a product: pixels are gathered into rows of kh·kw·C values.
import { arg, pointer } from "./simd";
import { gemmPanel } from "./gemm";
import { copyPixel, outputAddress, putLanes, putOutput, residualDistance } from "./conv_input";

/** Output pixels of one item, a multiple of the product's four rows. */
const PIXELS: i32 = 24;
/** Values of a row that one product takes. */
const DEPTH: i32 = 192;

/*
 * out[n, t, y, x, o] = bias_o + Σ_{d,a,b,c} in(n, t·st + d − pt, y·sy + a − py, x·sx + b − px, c)·w[o, c, d, a, b] (+ residual).
 *
 * Arguments: x [N,T,H,W,C], affine [N,2,C] or 0, w packed [⌈O/8⌉][K][8], bias (padded to 8) or 0, residual or 0, out,
 * T, H, W, C, T', H', W', O, kt, kh, kw, pt, py, px, st, sy, sx, swish, shuffle, N, ut, uy, ux, t0, y0, x0, frames, rows,
 * columns. Item: 24 consecutive pixels of the output of all images. Pixel (t, y, x) is written to (ut·t + t0, uy·y + y0,
 * ux·x + x0) of frames × rows × columns, as gradients of strided convolutions need; elsewhere that is (t, y, x) itself.
 * Scratch: 24 rows of K values (kt·kh·kw·C, up to a multiple of 4), then 24 rows of O.
 */
export function convDirect(args: usize, item: i32, scratch: usize): void {
  const bias = pointer(args, 3), residual = residualDistance(pointer(args, 4), pointer(args, 5));
  const outFrames = arg(args, 10), outHeight = arg(args, 11), outWidth = arg(args, 12), outputs = arg(args, 13);
  const shuffle = arg(args, 24), frames = arg(args, 32), rows = arg(args, 33), columns = arg(args, 34);
  const k = (arg(args, 9) * arg(args, 14) * arg(args, 15) * arg(args, 16) + 3) & ~3;
  const lda = (<usize>k) << 2;
  const total = arg(args, 25) * outFrames * outHeight * outWidth;
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
    const pixel = first + i, line = pixel / outWidth, frame = line / outHeight;
    const column = pixel % outWidth * arg(args, 28) + arg(args, 31);
    const y = line % outHeight * arg(args, 27) + arg(args, 30);
    const image = frame / outFrames * frames + frame % outFrames * arg(args, 26) + arg(args, 29);
    for (let o = 0; o < outputs; o += 4) {
      let value = v128.load(c + (<usize>i) * row + ((<usize>o) << 2));
      if (bias) value = f32x4.add(value, v128.load(bias + ((<usize>o) << 2)));
      const out = pointer(args, 5) + outputAddress(image, y, column, rows, columns, outputs, o, shuffle);
      if (shuffle && (outputs & 15)) putShuffled(args, value, residual, image, y, column, o);
      else if (o + 4 <= outputs) putOutput(out, residual, value);
      else putLanes(out, residual, value, outputs - o);
    }
  }
}

/** Stores four channels, of which only those before the last exist, where they go to different pixels. */
function putShuffled(args: usize, value: v128, residual: usize, n: i32, row: i32, column: i32, o: i32): void {
  const outHeight = arg(args, 11), outWidth = arg(args, 12), outputs = arg(args, 13);
  for (let i = o; i < min(o + 4, outputs); i++) {
    const out = pointer(args, 5) + outputAddress(n, row, column, outHeight, outWidth, outputs, i, 1);
    putLanes(out, residual, value, 1);
    value = i8x16.shuffle(value, value, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
  }
}

/** The kt·kh·kw·C values under the kernel for one output pixel, and zeros to the end of its `row` bytes. */
function gather(args: usize, pixel: i32, out: usize, row: usize): void {
  const frames = arg(args, 6), height = arg(args, 7), width = arg(args, 8), channels = arg(args, 9);
  const outFrames = arg(args, 10), outHeight = arg(args, 11), outWidth = arg(args, 12);
  const kt = arg(args, 14), kh = arg(args, 15), kw = arg(args, 16), activate = arg(args, 23);
  const line = pixel / outWidth, frame = line / outHeight, n = frame / outFrames;
  const t0 = frame % outFrames * arg(args, 20) - arg(args, 17);
  const y0 = line % outHeight * arg(args, 21) - arg(args, 18), x0 = pixel % outWidth * arg(args, 22) - arg(args, 19);
  const bytes = (<usize>channels) << 2, end = out + row;
  const affine = pointer(args, 1) ? pointer(args, 1) + (<usize>n) * 2 * bytes : 0;
  for (let t = t0; t < t0 + kt; t++) {
    const plane = pointer(args, 0) + (<usize>((n * frames + t) * height * width)) * bytes;
    const inside = t >= 0 && t < frames;
    for (let a = 0; a < kh; a++) {
      const y = y0 + a;
      for (let b = 0; b < kw; b++, out += bytes) {
        const x = x0 + b;
        if (!inside || y < 0 || y >= height || x < 0 || x >= width) memory.fill(out, 0, bytes);
        else if (!affine) memory.copy(out, plane + (<usize>(y * width + x)) * bytes, bytes);
        else copyPixel(out, plane + (<usize>(y * width + x)) * bytes, affine, bytes, activate);
      }
    }
  }
  memory.fill(out, 0, end - out);
}
