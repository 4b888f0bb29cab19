// The gradient of convolutions by their weights, and the packing of kernels that no loader packed.
import { outer4x8, storeLanes } from "./outer";
import { arg, pointer } from "./simd";

/** Channels of one item, pixels that are summed at a time. */
const CHANNELS: i32 = 16;
const PIXELS: i32 = 64;

/*
 * Kernels as the convolutions read them:
 * out[o/8][((d·A + a)·B + b)·C + c][o%8] = from[o·stepO + c·stepC + d·stepD + a·stepA + b·stepB], zeros beyond O and up to
 * a multiple of 4 of D·A·B·C. Steps may be negative.
 * Arguments: from, out, O, C, D, A, B, stepO, stepC, stepD, stepA, stepB. Item: a panel of 8 outputs, up to a multiple of
 * 16 outputs.
 */
// @training
export function packConv(args: usize, item: i32): void {
  const outputs = arg(args, 2), channels = arg(args, 3), lines = arg(args, 5), columns = arg(args, 6);
  const taps = arg(args, 4) * lines * columns;
  const o = item * 8, stepO = arg(args, 7), stepC = arg(args, 8);
  const bytes = (<usize>((taps * channels + 3) & ~3)) << 5;
  let out = pointer(args, 1) + (<usize>item) * bytes;
  const end = out + bytes;
  for (let t = 0; t < taps; t++) {
    const line = t / columns;
    const tap = line / lines * arg(args, 9) + line % lines * arg(args, 10) + t % columns * arg(args, 11);
    for (let c = 0; c < channels; c++, out += 32) {
      for (let lane = 0; lane < 8; lane++) {
        const at = (o + lane) * stepO + c * stepC + tap;
        const value: f32 = o + lane < outputs ? load<f32>(pointer(args, 0) + (<usize>at << 2)) : 0;
        store<f32>(out + ((<usize>lane) << 2), value);
      }
    }
  }
  memory.fill(out, 0, end - out);
}

/*
 * D[part, k, c, o] = Σ over some pixels of dy[n, t, y, x, o]·in(n, t·st + d − pt, y·sy + a − py, x·sx + b − px, c),
 * k = (d·kh + a)·kw + b. The rows of pixels are divided among the parts in order. The kernel reads up to a whole vector
 * past a pixel's last channel and drops these values.
 * Arguments: x [N,T,H,W,C], dy [N,T',H',W',O], D [parts][taps][C'][O'] (C' and O': up to multiples of 4 and 8), dw, T, H, W,
 * C, T', H', W', O, kt, kh, kw, st, sy, sx, pt, py, px, N, parts. Item: one (part, tap, 16 channels).
 */
// @training
export function convWeightGrad(args: usize, item: i32): void {
  const frames = arg(args, 4), height = arg(args, 5), width = arg(args, 6), channels = arg(args, 7);
  const outFrames = arg(args, 8), outHeight = arg(args, 9), outWidth = arg(args, 10);
  const outputs = (arg(args, 11) + 7) & ~7, kh = arg(args, 13), kw = arg(args, 14), taps = arg(args, 12) * kh * kw;
  const stride = arg(args, 17);
  const blocks = (channels + CHANNELS - 1) / CHANNELS, padded = (channels + 3) & ~3;
  const first = item % blocks * CHANNELS, tap = item / blocks % taps, part = item / blocks / taps;
  const d = tap / kw / kh - arg(args, 18), a = tap / kw % kh - arg(args, 19), b = tap % kw - arg(args, 20);
  const stepX = (<usize>(stride * channels)) << 2, stepY = (<usize>arg(args, 11)) << 2, row = (<usize>outputs) << 2;
  const count = min(CHANNELS, padded - first);
  const sums = pointer(args, 2) + (<usize>((part * taps + tap) * padded + first)) * row;
  memory.fill(sums, 0, (<usize>count) * row);
  // The pixels for which the tap is inside of the image.
  const begin = b < 0 ? (stride - 1 - b) / stride : 0;
  const end = width - 1 - b < 0 ? 0 : min(outWidth, (width - 1 - b) / stride + 1);
  const lines = arg(args, 21) * outFrames * outHeight, parts = arg(args, 22);
  const last = <i32>(<i64>lines * (part + 1) / parts);
  for (let line = <i32>(<i64>lines * part / parts); line < last; line++) {
    const frame = line / outHeight, t = frame % outFrames * arg(args, 15) + d, y = line % outHeight * arg(args, 16) + a;
    if (t < 0 || t >= frames || y < 0 || y >= height) continue;
    const from = ((frame / outFrames * frames + t) * height + y) * width + b;
    for (let x = begin; x < end; x += PIXELS) {
      const depth = min(PIXELS, end - x);
      const at = pointer(args, 0) + ((<usize>((from + x * stride) * channels + first)) << 2);
      const dy = pointer(args, 1) + (<usize>(line * outWidth + x)) * stepY;
      for (let o: usize = 0; o < row; o += 32) {
        for (let c = 0, a = at, to = sums + o; c < count; c += 4, a += 16, to += 4 * row) {
          outer4x8(a, stepX, dy + o, stepY, to, row, depth, true);
        }
      }
    }
  }
}

/*
 * dw[o, c, t] = Σ over parts of D[part, t, c, o], in their order. Arguments as above. Item: four outputs.
 */
// @training
export function convWeightGradSum(args: usize, item: i32): void {
  const channels = arg(args, 7), outputs = arg(args, 11), parts = arg(args, 22);
  const taps = arg(args, 12) * arg(args, 13) * arg(args, 14);
  const o = item * 4, row = (<usize>((outputs + 7) & ~7)) << 2, tap = (<usize>((channels + 3) & ~3)) * row;
  const part = (<usize>taps) * tap, step = (<usize>(channels * taps)) << 2;
  let out = pointer(args, 3) + (<usize>o) * step;
  for (let c = 0, from = pointer(args, 2) + ((<usize>o) << 2); c < channels; c++, from += row) {
    for (let t = 0, d = from; t < taps; t++, d += tap, out += 4) {
      let sum = v128.load(d);
      for (let i = 1, at = d + part; i < parts; i++, at += part) sum = f32x4.add(sum, v128.load(at));
      storeLanes(out, step, sum, outputs - o);
    }
  }
}
