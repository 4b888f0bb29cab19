// Convolutions 3×3 of stride 1, padded by 1, by Winograd's F(6×6, 3×3): 64 products by channel and tile of 36 outputs
// instead of 324. With the transforms of winograd_transforms.ts,
//
//   out = Aᵀ·[Σ_c (G·w·Gᵀ) ∘ (Bᵀ·in·B)]·A,
//
// the sum over channels being, for each of the 64 points, a product of matrices: tiles × C by C × O.
//
// Weights are transformed in each run: stored transformed, they would take 64 values instead of 9, and the transform is
// cheap. If a map has many tiles, an item is a block of tiles and all outputs. If it has few, an item is 16 outputs and all
// tiles. Either the transformed tiles or the transformed weights then stay in the item's cache.
//
// Arguments of all: x [N,H,W,C], affine [N/images,2,C] or 0, w packed [O/8][taps][C][8], bias or 0, residual or 0, out,
// H, W, C, O, swish, shuffle, U, V, tiles in a row, tiles of an image, tiles of all images, images, taps. C is a multiple
// of 16; w and bias are padded with zeros to a multiple of 16 outputs. The first nine taps at w are used; for kernels of
// several frames, w points to the taps of one frame.
//   U: transformed weights [O/8][64][C][8]; V: transformed tiles [64][tiles][C]; M: products [64][tiles][16].
// Each row of a point ends in a cache line of padding. Without it, all rows would map to the same few sets of the cache.
import { arg, pointer } from "./simd";
import { gemmPanel } from "./gemm";
import { copyChunk, outputAddress, putLanes, putOutput, residualDistance, zeroChunk } from "./conv_input";
import { transformInput, transformOutput, transformTaps } from "./winograd_transforms";

export const POINTS: usize = 64;
/** Tiles of an item, where an item is some tiles. */
const BLOCK: i32 = 24;
/** Outputs of an item or of a round of products. */
const OUTPUTS: i32 = 16;
export const PADDING: usize = 64;
/** Tiles of one row that share their columns' transforms: 26 columns. */
export const SEGMENT: i32 = 4;
/** Bytes of 16 channels, and of a row of 26 such columns. */
export const CHUNK: usize = 64;
export const ROW: usize = 26 * CHUNK;
/** Offsets in the scratch memory of a thread: a segment's input at 0, a tile between its two passes, then M, U or V. */
const TEMPORARY: usize = 8 * ROW;
const REST: usize = TEMPORARY + 64 * 16;
/** Channels whose U an item keeps at a time: half a MiB. */
const DEPTH: i32 = 128;

/** Bytes of one point's row in U, V and M. */
// @ts-ignore: decorator
@inline
function weightRow(channels: i32): usize {
  return ((<usize>channels) << 5) + PADDING;
}

// @ts-ignore: decorator
@inline
function tileRow(args: usize, tiles: i32): usize {
  return (((<usize>roundUp4(tiles)) * <usize>arg(args, 8)) << 2) + PADDING;
}

// @ts-ignore: decorator
@inline
function productRow(tiles: i32): usize {
  return (<usize>roundUp4(tiles)) * CHUNK + PADDING;
}

// @ts-ignore: decorator
@inline
function roundUp4(value: i32): i32 {
  return (value + 3) & ~3;
}

/** Item: 16 outputs. U for them. */
export function winogradWeights(args: usize, item: i32, scratch: usize): void {
  const channels = arg(args, 8);
  const u = pointer(args, 12) + (<usize>item) * 2 * POINTS * weightRow(channels);
  transformWeights(args, item, 0, channels, u, scratch);
}

/** Item: a block of 24 tiles. Scratch: M and V of the block. */
export function winogradTiles(args: usize, item: i32, scratch: usize): void {
  const first = item * BLOCK, count = min(BLOCK, arg(args, 16) - first);
  const channels = arg(args, 8), outputs = arg(args, 9), step = 2 * POINTS * weightRow(channels);
  const m = scratch + REST, mRow = productRow(BLOCK);
  const v = m + POINTS * mRow, vRow = tileRow(args, BLOCK);
  transformTiles(args, first, count, v, vRow, (<usize>channels) << 2, CHUNK, scratch);
  let u = pointer(args, 12);
  for (let o = 0; o < outputs; o += OUTPUTS, u += step) {
    products(v, vRow, u, m, mRow, count, channels, channels, false);
    finish(args, first, count, o, m, mRow, scratch);
  }
}

/** Item: a block of 24 tiles. V for them. */
export function winogradInput(args: usize, item: i32, scratch: usize): void {
  const first = item * BLOCK, total = arg(args, 16), count = min(BLOCK, total - first);
  const v = pointer(args, 13) + (((<usize>first) * <usize>arg(args, 8)) << 2);
  transformTiles(args, first, count, v, tileRow(args, total), (<usize>arg(args, 8)) << 2, CHUNK, scratch);
}

/** Item: 16 outputs. Scratch: U and M of the outputs, U for some channels at a time. */
export function winogradOutputs(args: usize, item: i32, scratch: usize): void {
  const total = arg(args, 16), channels = arg(args, 8), vRow = tileRow(args, total);
  const u = scratch + REST, m = u + 2 * POINTS * weightRow(min(DEPTH, channels)), mRow = productRow(total);
  for (let c = 0; c < channels; c += DEPTH) {
    const depth = min(DEPTH, channels - c);
    transformWeights(args, item, c, depth, u, scratch);
    products(pointer(args, 13) + ((<usize>c) << 2), vRow, u, m, mRow, total, channels, depth, c > 0);
  }
  finish(args, 0, total, item * OUTPUTS, m, mRow, scratch);
}

/** U = G·w·Gᵀ for outputs 16·item … 16·item + 15 and `depth` channels from `first` on. */
function transformWeights(args: usize, item: i32, first: i32, depth: i32, u: usize, scratch: usize): void {
  const tap = (<usize>arg(args, 8)) << 5, taps = <usize>arg(args, 18), row = weightRow(depth);
  for (let panel = 0; panel < 2; panel++, u += POINTS * row) {
    const w = pointer(args, 2) + (<usize>(2 * item + panel)) * taps * tap + ((<usize>first) << 5);
    // Eight outputs of a channel are two vectors, side by side in w and in U. Four vectors go together: a cache
    // line at a time.
    for (let c: usize = 0; c < (<usize>depth) << 5; c += CHUNK) {
      for (let j: usize = 0, from = w + c; j < 3; j++, from += tap) {
        for (let lane: usize = 0; lane < CHUNK; lane += 16) {
          const at = from + lane, to = scratch + CHUNK * j + lane;
          transformTaps(v128.load(at), v128.load(at + 3 * tap), v128.load(at + 6 * tap), to, 3 * CHUNK);
        }
      }
      for (let i: usize = 0, to = u + c; i < 8; i++, to += 8 * row) {
        for (let lane: usize = 0; lane < CHUNK; lane += 16) {
          const taps = scratch + 3 * CHUNK * i + lane;
          transformTaps(v128.load(taps), v128.load(taps, CHUNK), v128.load(taps, 2 * CHUNK), to + lane, row);
        }
      }
    }
  }
}

/*
 * V = Bᵀ·in·B for `count` tiles from `first` on, the input normalised and activated on its way: points `vRow` bytes apart,
 * tiles `tileStep`, chunks of 16 channels `chunkStep`.
 */
export function transformTiles(
  args: usize,
  first: i32,
  count: i32,
  v: usize,
  vRow: usize,
  tileStep: usize,
  chunkStep: usize,
  scratch: usize,
): void {
  const tilesX = arg(args, 14), perImage = arg(args, 15);
  const bytes = (<usize>arg(args, 8)) << 2;
  for (let t = first, end = first + count; t < end;) {
    const n = t / perImage, y = t % perImage / tilesX, x = t % tilesX;
    const tiles = min(min(SEGMENT, tilesX - x), end - t);
    let begin = v + (<usize>(t - first)) * tileStep;
    for (let c: usize = 0; c < bytes; c += CHUNK, begin += chunkStep) {
      gatherSegment(args, n, 6 * y - 1, 6 * x - 1, 6 * tiles + 2, c, scratch);
      for (let at = scratch, last = at + (<usize>(6 * tiles + 2)) * CHUNK; at < last; at += 16) {
        transformInput(at, ROW, at, ROW);
      }
      for (let tile = 0; tile < tiles; tile++) {
        const from = scratch + (<usize>(6 * tile)) * CHUNK;
        let to = begin + (<usize>tile) * tileStep;
        for (let i: usize = 0; i < 8; i++, to += 8 * vRow) {
          for (let lane: usize = 0; lane < CHUNK; lane += 16) {
            transformInput(from + i * ROW + lane, CHUNK, to + lane, vRow);
          }
        }
      }
    }
    t += tiles;
  }
}

/** Eight rows of `columns` pixels from (top, left) on, 16 channels from byte c of each; zeros outside of the image. */
function gatherSegment(args: usize, n: i32, top: i32, left: i32, columns: i32, c: usize, out: usize): void {
  const height = arg(args, 6), width = arg(args, 7), activate = arg(args, 10);
  const bytes = (<usize>arg(args, 8)) << 2;
  const affine = pointer(args, 1) ? pointer(args, 1) + (<usize>(n / arg(args, 17))) * 2 * bytes + c : 0;
  const begin = out + (<usize>max(0, -left)) * CHUNK, end = out + (<usize>min(columns, width - left)) * CHUNK;
  const stop = out + (<usize>columns) * CHUNK;
  for (let row: usize = 0, y = top; y < top + 8; row += ROW, y++) {
    const inside = y >= 0 && y < height;
    let to = out + row;
    if (inside) {
      for (; to < begin + row; to += CHUNK) zeroChunk(to);
      let x = pointer(args, 0) + <usize>((n * height + y) * width + max(0, left)) * bytes + c;
      for (; to < end + row; to += CHUNK, x += bytes) copyChunk(to, x, affine, bytes, activate);
    }
    for (; to < stop + row; to += CHUNK) zeroChunk(to);
  }
}

/** M = V·U, or M += V·U, for `count` tiles, 16 outputs and `depth` of the channels. */
function products(
  v: usize,
  vRow: usize,
  u: usize,
  m: usize,
  mRow: usize,
  count: i32,
  channels: i32,
  depth: i32,
  onto: bool,
): void {
  const bytes = (<usize>channels) << 2, uRow = weightRow(depth);
  for (let p: usize = 0; p < POINTS; p++) {
    for (let panel: usize = 0; panel < 2; panel++) {
      const b = u + (panel * POINTS + p) * uRow;
      gemmPanel(v + p * vRow, bytes, b, m + p * mRow + 32 * panel, CHUNK, depth, count, onto);
    }
  }
}

/** out = Aᵀ·M·A + bias + residual for `count` tiles from `first` on and outputs o … o + 15. */
function finish(args: usize, first: i32, count: i32, o: i32, m: usize, mRow: usize, scratch: usize): void {
  const lanes = min(OUTPUTS, arg(args, 9) - o);
  for (let tile = 0; tile < count; tile++) {
    for (let lane = 0; lane < lanes; lane += 4) {
      const at = m + (<usize>tile) * CHUNK + ((<usize>lane) << 2);
      finishTile(args, first + tile, o + lane, at, mRow, scratch + TEMPORARY);
    }
  }
}

/** Four outputs of one tile from its 64 products at m. */
function finishTile(args: usize, tile: i32, o: i32, m: usize, mRow: usize, temporary: usize): void {
  const height = arg(args, 6), width = arg(args, 7), outputs = arg(args, 9), shuffle = arg(args, 11);
  const tilesX = arg(args, 14), perImage = arg(args, 15);
  const n = tile / perImage, y = tile % perImage / tilesX * 6, x = tile % tilesX * 6;
  const rows = min(6, height - y), columns = min(6, width - x);
  const bias = pointer(args, 3) ? v128.load(pointer(args, 3) + ((<usize>o) << 2)) : f32x4.splat(0);
  const residual = residualDistance(pointer(args, 4), pointer(args, 5));
  // A pixel's next neighbour, and the next row's pixel: twice as far where the output is shuffled.
  const step = (<usize>(shuffle ? outputs >> 1 : outputs)) << 2;
  const line = (shuffle ? 2 : 1) * <usize>width * step;
  for (let j: usize = 0; j < 8; j++) {
    transformOutput(m + j * mRow, 8 * mRow, temporary + 16 * j, 128);
  }
  let out = pointer(args, 5) + outputAddress(n, y, x, height, width, outputs, o, shuffle);
  for (let i = 0; i < rows; i++, out += line, temporary += 128) {
    transformOutput(temporary, 16, temporary, 16);
    for (let j: usize = 0, at = out; j < <usize>columns; j++, at += step) {
      const value = f32x4.add(v128.load(temporary + (j << 4)), bias);
      if (o + 4 <= outputs) putOutput(at, residual, value);
      else putLanes(at, residual, value, outputs - o);
    }
  }
}
