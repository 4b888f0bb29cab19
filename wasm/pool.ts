// Pooling of each channel under a window that slides over the positions, and its gradient.
import { arg, madd, pointer, splat } from "./simd";

/** Kinds: 0 the largest element, 1 the mean of the elements inside of x, 2 the mean with padding counted as zeros. */
const MAX: i32 = 0;
const AVERAGE_PADDED: i32 = 2;
/** Channels of an item of the gradient: a cache line of them. */
const CHANNELS: i32 = 16;

/** The number of a window's entries along an axis, from `start` on, that are inside of x. */
// @ts-ignore: decorator
@inline
function inside(start: i32, kernel: i32, length: i32): i32 {
  return min(start + kernel, length) - max(start, 0);
}

/*
 * out[n, t, y, x, c] = the largest, or the mean, of in(n, t·st + d − pt, y·sy + a − py, x·sx + b − px, c) over d, a, b.
 * Arguments: x [N,T,H,W,C], out, kind, T, H, W, C, T', H', W', kt, kh, kw, st, sy, sx, pt, py, px. Every window overlaps x.
 * Item: one row of out.
 */
export function pool(args: usize, item: i32): void {
  const width = arg(args, 5), channels = arg(args, 6), columns = arg(args, 9), kw = arg(args, 12);
  const pixel = (<usize>channels) << 2;
  let out = pointer(args, 1) + (<usize>(item * columns)) * pixel;
  for (let column = 0; column < columns; column++, out += pixel) {
    const x0 = column * arg(args, 15) - arg(args, 18);
    poolWindow(args, item, x0, max(0, -x0), min(kw, width - x0), out);
  }
}

/** One window of row `item` of out: columns x0 + from to x0 + to of x. */
function poolWindow(args: usize, item: i32, x0: i32, from: i32, to: i32, out: usize): void {
  const kind = arg(args, 2), frames = arg(args, 3), height = arg(args, 4), width = arg(args, 5), channels = arg(args, 6);
  const outHeight = arg(args, 8), frame = item / outHeight, outFrames = arg(args, 7), n = frame / outFrames;
  const kt = arg(args, 10), kh = arg(args, 11), kw = arg(args, 12);
  const t0 = frame % outFrames * arg(args, 13) - arg(args, 16), y0 = item % outHeight * arg(args, 14) - arg(args, 17);
  const pixel = (<usize>channels) << 2;
  let first = true;
  for (let t = max(0, t0); t < min(frames, t0 + kt); t++) {
    for (let y = max(0, y0); y < min(height, y0 + kh); y++) {
      let x = pointer(args, 0) + (<usize>(((n * frames + t) * height + y) * width + x0 + from)) * pixel;
      for (let b = from; b < to; b++, x += pixel, first = false) {
        if (first) memory.copy(out, x, pixel);
        else combine(out, x, pixel, kind);
      }
    }
  }
  if (kind == MAX) return;
  const count = kind == AVERAGE_PADDED
    ? kt * kh * kw
    : inside(t0, kt, frames) * inside(y0, kh, height) * (to - from);
  scale(out, pixel, <f32>(1.0 / <f64>count));
}

/** out = max(out, x), or out + x. */
// @ts-ignore: decorator
@inline
function combine(out: usize, x: usize, bytes: usize, kind: i32): void {
  let c: usize = 0;
  for (; c + 16 <= bytes; c += 16) {
    const a = v128.load(out + c), b = v128.load(x + c);
    v128.store(out + c, kind == MAX ? f32x4.max(a, b) : f32x4.add(a, b));
  }
  for (; c < bytes; c += 4) {
    const a = load<f32>(out + c), b = load<f32>(x + c);
    store<f32>(out + c, kind == MAX ? max(a, b) : a + b);
  }
}

// @ts-ignore: decorator
@inline
function scale(out: usize, bytes: usize, factor: f32): void {
  let c: usize = 0;
  for (; c + 16 <= bytes; c += 16) v128.store(out + c, f32x4.mul(v128.load(out + c), splat(factor)));
  for (; c < bytes; c += 4) store<f32>(out + c, load<f32>(out + c) * factor);
}

/*
 * The gradient by x. For a maximum, dy of a window goes to the first of its largest elements, where NaN counts as the
 * largest. For a mean it goes to all elements in equal shares. Overlapping windows are added in their order.
 * Arguments: x [N,T,H,W,C], dy [N,T',H',W',C], out [N,T,H,W,C], then kind and the rest as in `pool`. Item: one (n, 16
 * channels).
 */
// @training
export function poolGrad(args: usize, item: i32): void {
  const channels = arg(args, 7), blocks = (channels + CHANNELS - 1) / CHANNELS;
  const n = item / blocks, begin = item % blocks * CHANNELS, count = min(CHANNELS, channels - begin);
  const positions = arg(args, 4) * arg(args, 5) * arg(args, 6), windows = arg(args, 8) * arg(args, 9) * arg(args, 10);
  const pixel = (<usize>channels) << 2, bytes = (<usize>count) << 2;
  const image = (<usize>(n * positions)) * pixel + ((<usize>begin) << 2);
  for (let i = 0, out = pointer(args, 2) + image; i < positions; i++, out += pixel) memory.fill(out, 0, bytes);
  let dy = pointer(args, 1) + (<usize>(n * windows)) * pixel + ((<usize>begin) << 2);
  for (let i = 0; i < windows; i++, dy += pixel) spreadWindow(args, i, image, dy, count);
}

/** Adds the gradient of window i of an image that begins `image` bytes after x and out. */
function spreadWindow(args: usize, i: i32, image: usize, dy: usize, count: i32): void {
  const kind = arg(args, 3), frames = arg(args, 4), height = arg(args, 5), width = arg(args, 6);
  const outHeight = arg(args, 9), outWidth = arg(args, 10), line = i / outWidth;
  const kt = arg(args, 11), kh = arg(args, 12), kw = arg(args, 13), pixel = (<usize>arg(args, 7)) << 2;
  const t0 = line / outHeight * arg(args, 14) - arg(args, 17);
  const y0 = line % outHeight * arg(args, 15) - arg(args, 18), x0 = i % outWidth * arg(args, 16) - arg(args, 19);
  const fromT = max(0, t0), toT = min(frames, t0 + kt), fromY = max(0, y0), toY = min(height, y0 + kh);
  const fromX = max(0, x0), columns = min(width, x0 + kw) - fromX;
  const x = pointer(args, 0) + image, out = pointer(args, 2) + image;
  const plane = (<usize>(height * width)) * pixel, row = (<usize>width) * pixel;
  const first = (<usize>((fromT * height + fromY) * width + fromX)) * pixel;
  if (kind == MAX) {
    for (let c = 0; c < count; c += 4) {
      const offset = (<usize>c) << 2;
      const best = largest4(x + first + offset, toT - fromT, toY - fromY, columns, plane, row, pixel);
      addLanes(out + first + offset, best, v128.load(dy + offset), count - c);
    }
    return;
  }
  const size = kind == AVERAGE_PADDED ? kt * kh * kw : (toT - fromT) * (toY - fromY) * columns;
  const share = <f32>(1.0 / <f64>size);
  for (let t = fromT, frame = out + first; t < toT; t++, frame += plane) {
    for (let y = fromY, line = frame; y < toY; y++, line += row) {
      for (let b = 0, at = line; b < columns; b++, at += pixel) addShare(at, dy, count, share);
    }
  }
}

/** For four channels, the offset in bytes from x of the first of the largest elements of a block. */
// @ts-ignore: decorator
@inline
function largest4(x: usize, frames: i32, rows: i32, columns: i32, plane: usize, row: usize, pixel: usize): v128 {
  let most = v128.load(x), best = i32x4.splat(0);
  for (let t = 0, frame = x; t < frames; t++, frame += plane) {
    for (let y = 0, line = frame; y < rows; y++, line += row) {
      for (let b = 0, at = line; b < columns; b++, at += pixel) {
        const value = v128.load(at);
        const isNew = v128.and(f32x4.ne(value, value), f32x4.eq(most, most));
        const larger = v128.or(f32x4.gt(value, most), isNew);
        most = v128.bitselect(value, most, larger);
        best = v128.bitselect(i32x4.splat(<i32>(at - x)), best, larger);
      }
    }
  }
  return best;
}

/** Adds the first `count` of four lanes to the elements `offsets` bytes after out. */
// @ts-ignore: decorator
@inline
function addLanes(out: usize, offsets: v128, value: v128, count: i32): void {
  addTo(out + <usize>i32x4.extract_lane(offsets, 0), f32x4.extract_lane(value, 0));
  if (count > 1) addTo(out + 4 + <usize>i32x4.extract_lane(offsets, 1), f32x4.extract_lane(value, 1));
  if (count > 2) addTo(out + 8 + <usize>i32x4.extract_lane(offsets, 2), f32x4.extract_lane(value, 2));
  if (count > 3) addTo(out + 12 + <usize>i32x4.extract_lane(offsets, 3), f32x4.extract_lane(value, 3));
}

// @ts-ignore: decorator
@inline
function addTo(out: usize, value: f32): void {
  store<f32>(out, load<f32>(out) + value);
}

/** out + dy·share for `count` channels. */
// @ts-ignore: decorator
@inline
function addShare(out: usize, dy: usize, count: i32, share: f32): void {
  let c = 0;
  for (; c + 4 <= count; c += 4, out += 16, dy += 16) {
    v128.store(out, madd(v128.load(dy), splat(share), v128.load(out)));
  }
  for (; c < count; c++, out += 4, dy += 4) addTo(out, load<f32>(dy) * share);
}
