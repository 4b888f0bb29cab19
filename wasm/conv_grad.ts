// The gradient of convolutions by their weights, and the packing of kernels that no loader packed.
import { gemmPanel } from "./gemm";
import { arg, pointer } from "./simd";
import { transpose4 } from "./transpose";

/** Channels of one item, pixels at a time, panels of 8 outputs of one item. */
const CHANNELS: i32 = 24;
const PIXELS: i32 = 256;
/** Bytes of a row of pixels; a cache line more than they take, else rows would fall into the same few lines. */
const ROW: usize = 1024 + 64;
const PANELS: i32 = 16;
/** Zeros, as many as channels of one item. */
const NOTHING = memory.data(96, 16);

/*
 * Kernels as the convolutions read them: out[o/8][t·C + c][o%8] = from[o·stepO + c·stepC + t·stepT], zeros beyond O
 * and up to a multiple of 4 of T·C. Steps may be negative.
 * Arguments: from, out, O, C, T, stepO, stepC, stepT. Item: a panel of 8 outputs, up to a multiple of 16 outputs.
 */
export function packConv(args: usize, item: i32): void {
  const outputs = arg(args, 2), channels = arg(args, 3), taps = arg(args, 4), o = item * 8;
  const stepO = arg(args, 5), stepC = arg(args, 6), stepT = arg(args, 7);
  const bytes = (<usize>((taps * channels + 3) & ~3)) << 5;
  let out = pointer(args, 1) + (<usize>item) * bytes;
  const end = out + bytes;
  for (let t = 0; t < taps; t++) {
    for (let c = 0; c < channels; c++, out += 32) {
      for (let lane = 0; lane < 8; lane++) {
        const at = (o + lane) * stepO + c * stepC + t * stepT;
        const value: f32 = o + lane < outputs ? load<f32>(pointer(args, 0) + (<usize>at << 2)) : 0;
        store<f32>(out + ((<usize>lane) << 2), value);
      }
    }
  }
  memory.fill(out, 0, end - out);
}

/*
 * out[o, c, a, b] = Σ over pixels of dy[n, y, x, o]·in(n, y·s + a − p, x·s + b − p, c).
 * Arguments: x [N,H,W,C], dy packed [⌈O/8⌉][pixels][8], out, H, W, C, H', W', O, kh, kw, s, p, N.
 * Item: one (tap, 24 channels, 16 panels). Scratch: 24 rows of 256 values and a cache line, then 24 rows of 128.
 */
export function convWeightGrad(args: usize, item: i32, scratch: usize): void {
  const channels = arg(args, 5), outputs = arg(args, 8), taps = arg(args, 9) * arg(args, 10);
  const pixels = arg(args, 13) * arg(args, 6) * arg(args, 7);
  const panels = (outputs + 7) >> 3, groups = (panels + PANELS - 1) / PANELS;
  const blocks = (channels + CHANNELS - 1) / CHANNELS;
  const tap = item / groups / blocks, first = item / groups % blocks * CHANNELS;
  const rows = min(CHANNELS, channels - first);
  const begin = item % groups * PANELS, count = min(PANELS, panels - begin);
  const panel = (<usize>((pixels + 3) & ~3)) << 5, w = pointer(args, 1) + (<usize>begin) * panel;
  const c = scratch + (<usize>CHANNELS) * ROW, ldc = (<usize>PANELS) << 5;
  if (pixels == 0) memory.fill(c, 0, (<usize>CHANNELS) * ldc);
  for (let from = 0; from < pixels; from += PIXELS) {
    const depth = min(PIXELS, pixels - from), padded = (depth + 3) & ~3;
    gatherTransposed(args, tap, first, rows, from, depth, padded, scratch);
    for (let p = 0; p < count; p++) {
      const b = w + (<usize>p) * panel + ((<usize>from) << 5);
      gemmPanel(scratch, ROW, b, c + ((<usize>p) << 5), ldc, padded, rows, from > 0);
    }
  }
  for (let o = begin * 8; o < min(outputs, (begin + count) * 8); o++) {
    const sums = c + ((<usize>(o - begin * 8)) << 2);
    for (let r = 0; r < rows; r++) {
      const at = (o * channels + first + r) * taps + tap;
      store<f32>(pointer(args, 2) + ((<usize>at) << 2), load<f32>(sums + (<usize>r) * ldc));
    }
  }
}

/* What one tap sees of some channels at pixels from … from + depth − 1: a row a channel, zeros outside and to the end. */
function gatherTransposed(
  args: usize,
  tap: i32,
  first: i32,
  rows: i32,
  from: i32,
  depth: i32,
  padded: i32,
  out: usize,
): void {
  for (let i = 0; i < padded; i += 4, out += 16) {
    const p = from + i;
    transpose4(
      seen(args, tap, first, p),
      i + 1 < depth ? seen(args, tap, first, p + 1) : NOTHING,
      i + 2 < depth ? seen(args, tap, first, p + 2) : NOTHING,
      i + 3 < depth ? seen(args, tap, first, p + 3) : NOTHING,
      out,
      ROW,
      rows,
    );
  }
}

/** Where the channels lie that a tap sees for output pixel p: zeros outside of the picture. */
// @ts-ignore: decorator
@inline
function seen(args: usize, tap: i32, first: i32, p: i32): usize {
  const height = arg(args, 3), width = arg(args, 4), outHeight = arg(args, 6), outWidth = arg(args, 7);
  const stride = arg(args, 11), padding = arg(args, 12), kw = arg(args, 10);
  const y = p / outWidth % outHeight * stride + tap / kw - padding;
  const x = p % outWidth * stride + tap % kw - padding;
  if (y < 0 || y >= height || x < 0 || x >= width) return NOTHING;
  const pixel = (p / outWidth / outHeight * height + y) * width + x;
  return pointer(args, 0) + ((<usize>(pixel * arg(args, 5) + first)) << 2);
}
