// Convolutions 3×3 of stride 1, padded by 1, by Winograd's F(6×6, 3×3): 64 products by channel and tile of 36 outputs
// instead of 324. With the transforms of winograd_transforms.ts,
//
//   out = Aᵀ·[Σ_c (G·w·Gᵀ) ∘ (Bᵀ·in·B)]·A,
//
// the sum over channels being, for each of the 64 points, a product of matrices: tiles × C by C × O.
//
// The weights stay as they are in memory and are transformed in each run: 64 values for 9 would not fit, and the
// transform costs little. Where a map has many tiles, an item is a block of tiles and all outputs; where it has few,
// an item is 16 outputs and all tiles, so that either the tiles or the weights lie transformed in the item's cache.
//
// Arguments of all: x [N,H,W,C], affine [N,2,C] or 0, w packed [O/8][9][C][8], bias or 0, residual or 0, out,
// H, W, C, O, swish, shuffle, U, V, tiles in a row, tiles of a picture, tiles of all pictures. C is a multiple of 16;
// w and bias have zeros up to a multiple of 16 outputs.
//   U: transformed weights [O/8][64][C][8]; V: transformed tiles [64][tiles][C]; M: products [64][tiles][16].
// Rows of 64 end in a cache line of padding, else all of them would fall into the same few lines of the cache.
import { arg, pointer } from "./simd";
import { gemm4x8 } from "./gemm";
import { copyChunk, outputAddress, putLanes, putOutput, zeroPixel } from "./conv_input";
import { transformInput, transformOutput, transformTaps } from "./winograd_transforms";

const POINTS: usize = 64;
/** Tiles whose products stand in M. */
const BLOCK: i32 = 24;
/** Outputs of an item or of a round of products. */
const OUTPUTS: i32 = 16;
const PADDING: usize = 64;
/** Tiles of one row that share their columns' transforms: 26 columns. */
const SEGMENT: i32 = 4;
/** Bytes of 16 channels, and of a row of 26 such columns. */
const CHUNK: usize = 64;
const ROW: usize = 26 * CHUNK;
/** Where things lie in the scratch of a thread: a segment's input, a tile between its two passes, M, the rest. */
const TEMPORARY: usize = 8 * ROW;
const PRODUCTS: usize = TEMPORARY + 64 * 16;
const PRODUCT_ROW: usize = <usize>BLOCK * CHUNK + PADDING;
const REST: usize = PRODUCTS + POINTS * PRODUCT_ROW;

// @ts-ignore: decorator
@inline
function weightRow(args: usize): usize {
  return ((<usize>arg(args, 8)) << 5) + PADDING;
}

// @ts-ignore: decorator
@inline
function tileRow(args: usize, tiles: i32): usize {
  return (((<usize>((tiles + 3) & ~3)) * <usize>arg(args, 8)) << 2) + PADDING;
}

/** Item: 16 outputs. U for them. */
export function winogradWeights(args: usize, item: i32, scratch: usize): void {
  transformWeights(args, item, pointer(args, 12) + (<usize>item) * 2 * POINTS * weightRow(args), scratch);
}

/** Item: a block of 24 tiles. Scratch: V of the block. */
export function winogradTiles(args: usize, item: i32, scratch: usize): void {
  const first = item * BLOCK, count = min(BLOCK, arg(args, 16) - first), outputs = arg(args, 9);
  const v = scratch + REST, vRow = tileRow(args, BLOCK), step = 2 * POINTS * weightRow(args);
  transformTiles(args, first, count, v, vRow, scratch);
  let u = pointer(args, 12);
  for (let o = 0; o < outputs; o += OUTPUTS, u += step) products(args, first, count, o, v, vRow, u, scratch);
}

/** Item: a block of 24 tiles. V for them. */
export function winogradInput(args: usize, item: i32, scratch: usize): void {
  const first = item * BLOCK, total = arg(args, 16), count = min(BLOCK, total - first);
  const v = pointer(args, 13) + (((<usize>first) * <usize>arg(args, 8)) << 2);
  transformTiles(args, first, count, v, tileRow(args, total), scratch);
}

/** Item: 16 outputs. Scratch: U of the outputs. */
export function winogradOutputs(args: usize, item: i32, scratch: usize): void {
  const u = scratch + REST, total = arg(args, 16), vRow = tileRow(args, total);
  transformWeights(args, item, u, scratch);
  let v = pointer(args, 13);
  for (let first = 0; first < total; first += BLOCK) {
    products(args, first, min(BLOCK, total - first), item * OUTPUTS, v, vRow, u, scratch);
    v += (<usize>BLOCK * <usize>arg(args, 8)) << 2;
  }
}

/** U = G·w·Gᵀ for outputs 16·item … 16·item + 15. */
function transformWeights(args: usize, item: i32, u: usize, scratch: usize): void {
  const channels = <usize>arg(args, 8), row = weightRow(args);
  for (let panel = 0; panel < 2; panel++, u += POINTS * row) {
    const w = pointer(args, 2) + ((<usize>(2 * item + panel)) * 9 * channels << 5);
    // Eight outputs of a channel are two vectors, side by side in w and in U.
    for (let c: usize = 0; c < channels << 5; c += 16) {
      let at = w + c;
      for (let j: usize = 0; j < 3; j++, at += channels << 5) {
        const tap = 3 * (channels << 5);
        transformTaps(v128.load(at), v128.load(at + tap), v128.load(at + 2 * tap), scratch + 16 * j, 48);
      }
      for (let i: usize = 0; i < 8; i++) {
        const taps = scratch + 48 * i;
        transformTaps(v128.load(taps), v128.load(taps, 16), v128.load(taps, 32), u + c + 8 * i * row, row);
      }
    }
  }
}

/** V = Bᵀ·in·B for `count` tiles from `first` on, the input normalised and activated on its way. */
function transformTiles(args: usize, first: i32, count: i32, v: usize, vRow: usize, scratch: usize): void {
  const tilesX = arg(args, 14), perPicture = arg(args, 15);
  const bytes = (<usize>arg(args, 8)) << 2;
  for (let t = first, end = first + count; t < end;) {
    const n = t / perPicture, y = t % perPicture / tilesX, x = t % tilesX;
    const tiles = min(min(SEGMENT, tilesX - x), end - t);
    for (let c: usize = 0; c < bytes; c += CHUNK) {
      gatherSegment(args, n, 6 * y - 1, 6 * x - 1, 6 * tiles + 2, c, scratch);
      for (let at = scratch, last = at + (<usize>(6 * tiles + 2)) * CHUNK; at < last; at += 16) {
        transformInput(at, ROW, at, ROW);
      }
      for (let tile = 0; tile < tiles; tile++) {
        const from = scratch + (<usize>(6 * tile)) * CHUNK;
        let to = v + (<usize>(t - first + tile)) * bytes + c;
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

/** Eight rows of `columns` pixels from (top, left) on, 16 channels from byte c of each; zeros outside of the picture. */
function gatherSegment(args: usize, n: i32, top: i32, left: i32, columns: i32, c: usize, out: usize): void {
  const height = arg(args, 6), width = arg(args, 7), activate = arg(args, 10);
  const bytes = (<usize>arg(args, 8)) << 2;
  const affine = pointer(args, 1) ? pointer(args, 1) + (<usize>n) * 2 * bytes + c : 0;
  const begin = max(0, -left), end = min(columns, width - left);
  for (let row = top; row < top + 8; row++, out += ROW) {
    const inside = row >= 0 && row < height;
    for (let column = 0; column < columns; column++) {
      const to = out + (<usize>column) * CHUNK;
      if (!inside || column < begin || column >= end) {
        zeroPixel(to, CHUNK);
        continue;
      }
      const x = pointer(args, 0) + (<usize>((n * height + row) * width + left + column)) * bytes + c;
      copyChunk(to, x, affine, bytes, activate);
    }
  }
}

/** M = V·U for `count` tiles and outputs o … o + 15; then out = Aᵀ·M·A + bias + residual. */
function products(
  args: usize,
  first: i32,
  count: i32,
  o: i32,
  v: usize,
  vRow: usize,
  u: usize,
  scratch: usize,
): void {
  const channels = arg(args, 8), row = weightRow(args);
  const bytes = (<usize>channels) << 2;
  const m = scratch + PRODUCTS;
  for (let p: usize = 0; p < POINTS; p++) {
    for (let panel: usize = 0; panel < 2; panel++) {
      const b = u + (panel * POINTS + p) * row;
      let a = v + p * vRow, c = m + p * PRODUCT_ROW + 32 * panel;
      for (let left = count; left > 0; left -= 4, a += 4 * bytes, c += 4 * CHUNK) {
        gemm4x8(a, bytes, b, c, CHUNK, channels);
      }
    }
  }
  const lanes = min(OUTPUTS, arg(args, 9) - o);
  for (let tile = 0; tile < count; tile++) {
    for (let lane = 0; lane < lanes; lane += 4) {
      const at = m + (<usize>tile) * CHUNK + ((<usize>lane) << 2);
      finishTile(args, first + tile, o + lane, at, scratch + TEMPORARY);
    }
  }
}

/** Four outputs of one tile from its 64 products at m. */
function finishTile(args: usize, tile: i32, o: i32, m: usize, temporary: usize): void {
  const height = arg(args, 6), width = arg(args, 7), outputs = arg(args, 9), shuffle = arg(args, 11);
  const tilesX = arg(args, 14), perPicture = arg(args, 15);
  const n = tile / perPicture, y = tile % perPicture / tilesX * 6, x = tile % tilesX * 6;
  const rows = min(6, height - y), columns = min(6, width - x);
  const bias = pointer(args, 3) ? v128.load(pointer(args, 3) + ((<usize>o) << 2)) : f32x4.splat(0);
  const residual = pointer(args, 4) ? pointer(args, 4) - pointer(args, 5) : 0;
  // A pixel's next neighbour, and the next row's pixel: twice as far where the output is shuffled.
  const step = (<usize>(shuffle ? outputs >> 1 : outputs)) << 2;
  const line = (shuffle ? 2 : 1) * <usize>width * step;
  for (let j: usize = 0; j < 8; j++) {
    transformOutput(m + j * PRODUCT_ROW, 8 * PRODUCT_ROW, temporary + 16 * j, 128);
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
