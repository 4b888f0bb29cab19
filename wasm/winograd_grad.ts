// The gradient by the weights of convolutions 3×3 of stride 1, padded by 1, as the adjoint of Winograd's F(6×6, 3×3):
//
//   dw = Gᵀ·[Σ_tiles (Bᵀ·in·B) ∘ (A·dy·Aᵀ)]·G,
//
// the sum over tiles being, for each of the 64 points, a product of matrices: C × tiles by tiles × O.
//
// Arguments of all: x [N,H,W,C], affine [N,2,C] or 0 (it and swish act on x), dw [O,C,3,3], dy [N,H,W,O], D, unused,
// H, W, C, O, swish, unused, Y, V, tiles in a row, tiles of an image, tiles of all images, images that share a pair of
// affine. C is a multiple of 16; so is O', which is O rounded up. Values read past the last pixel of dy are dropped.
//   V: transformed tiles of x [64][C/16][tiles][16]; Y: those of dy [64][O'/16][tiles][16]; D: their products, in
//   blocks [C/16][O'/16][64][16][16].
// Rows of a point end in a cache line of padding, as in winograd.ts; blocks of D in a point's worth.
import { copyChunk, zeroChunk } from "./conv_input";
import { outer4x8, storeLanes } from "./outer";
import { arg, pointer } from "./simd";
import { CHUNK, PADDING, POINTS, ROW, SEGMENT, transformTiles } from "./winograd";
import { gatherTaps, transformSlopes } from "./winograd_transforms";

/** Tiles of an item of the transforms. */
const BLOCK: i32 = 12;
/** Tiles that are summed at a time: as many as stay in the nearest cache. */
const DEPTH: i32 = 192;

/** Bytes of one point's row in V or Y. */
// @ts-ignore: decorator
@inline
function pointRow(args: usize, channels: i32): usize {
  return (((<usize>arg(args, 16)) * <usize>roundUp16(channels)) << 2) + PADDING;
}

// @ts-ignore: decorator
@inline
function roundUp16(value: i32): i32 {
  return (value + 15) & ~15;
}

/** Bytes of one point of a block of D, and of the block. */
const POINT: usize = 16 * CHUNK;
const PRODUCTS: usize = (POINTS + 1) * POINT;

/** Item: 12 tiles of x, or behind those of dy. */
// @training
export function winogradGradTiles(args: usize, item: i32, scratch: usize): void {
  const total = arg(args, 16), blocks = (total + BLOCK - 1) / BLOCK;
  const first = item % blocks * BLOCK, count = min(BLOCK, total - first);
  const at = (<usize>first) * CHUNK, chunk = (<usize>total) * CHUNK;
  if (item < blocks) {
    transformTiles(args, first, count, pointer(args, 13) + at, pointRow(args, arg(args, 8)), CHUNK, chunk, scratch);
  } else transformSlopeTiles(args, first, count, pointer(args, 12) + at, chunk, scratch);
}

/** Y = A·dy·Aᵀ for `count` tiles from `first` on, chunks of 16 channels `chunk` bytes apart. */
function transformSlopeTiles(args: usize, first: i32, count: i32, y: usize, chunk: usize, scratch: usize): void {
  const tilesX = arg(args, 14), perImage = arg(args, 15), outputs = arg(args, 9);
  const bytes = (<usize>outputs) << 2, yRow = pointRow(args, outputs);
  for (let t = first, end = first + count; t < end;) {
    const n = t / perImage, row = t % perImage / tilesX, x = t % tilesX;
    const tiles = min(min(SEGMENT, tilesX - x), end - t);
    let begin = y + (<usize>(t - first)) * CHUNK;
    for (let c: usize = 0; c < bytes; c += CHUNK, begin += chunk) {
      gatherSlopes(args, n, 6 * row, 6 * x, 6 * tiles, c, scratch);
      for (let at = scratch, last = at + (<usize>(6 * tiles)) * CHUNK; at < last; at += 16) {
        transformSlopes(at, ROW, at, ROW);
      }
      for (let tile = 0; tile < tiles; tile++) {
        const from = scratch + (<usize>(6 * tile)) * CHUNK;
        let to = begin + (<usize>tile) * CHUNK;
        for (let i: usize = 0; i < 8; i++, to += 8 * yRow) {
          for (let lane: usize = 0; lane < CHUNK; lane += 16) {
            transformSlopes(from + i * ROW + lane, CHUNK, to + lane, yRow);
          }
        }
      }
    }
    t += tiles;
  }
}

/** Six rows of `columns` pixels of dy, 16 channels from byte c of each; zeros outside of the image. */
function gatherSlopes(args: usize, n: i32, top: i32, left: i32, columns: i32, c: usize, out: usize): void {
  const height = arg(args, 6), width = arg(args, 7), bytes = (<usize>arg(args, 9)) << 2;
  const end = out + (<usize>min(columns, width - left)) * CHUNK, stop = out + (<usize>columns) * CHUNK;
  for (let row: usize = 0, y = top; y < top + 6; row += ROW, y++) {
    let to = out + row;
    if (y < height) {
      let dy = pointer(args, 3) + (<usize>((n * height + y) * width + left)) * bytes + c;
      for (; to < end + row; to += CHUNK, dy += bytes) copyChunk(to, dy, 0, 0, 0);
    }
    for (; to < stop + row; to += CHUNK) zeroChunk(to);
  }
}

/** Item: one point. D for it. */
// @training
export function winogradGradProducts(args: usize, item: i32): void {
  const channels = arg(args, 8), outputs = roundUp16(arg(args, 9)), total = arg(args, 16);
  const v = pointer(args, 13) + (<usize>item) * pointRow(args, channels);
  const y = pointer(args, 12) + (<usize>item) * pointRow(args, outputs);
  const chunk = (<usize>total) * CHUNK, line = (<usize>(outputs >> 4)) * PRODUCTS;
  for (let t = 0; t < total; t += DEPTH) {
    const depth = min(DEPTH, total - t), from = (<usize>t) * CHUNK;
    let column = pointer(args, 4) + (<usize>item) * POINT;
    for (let o = 0, b = y + from; o < outputs; o += 16, b += chunk, column += PRODUCTS) {
      for (let c = 0, a = v + from, to = column; c < channels; c += 16, a += chunk, to += line) {
        sumChunks(a, b, to, depth, t > 0);
      }
    }
  }
}

/** D, or D +=, for 16 channels and 16 outputs. */
function sumChunks(a: usize, b: usize, to: usize, depth: i32, onto: bool): void {
  for (let i: usize = 0; i < CHUNK; i += 16, to += 4 * CHUNK) {
    for (let j: usize = 0; j < CHUNK; j += 32) outer4x8(a + i, CHUNK, b + j, CHUNK, to + j, CHUNK, depth, onto);
  }
}

/** Item: 16 outputs and 16 channels. dw = Gᵀ·D·G for them. */
// @training
export function winogradGradTaps(args: usize, item: i32, scratch: usize): void {
  const channels = arg(args, 8), outputs = arg(args, 9), blocks = roundUp16(outputs) >> 4;
  const o = item % blocks * 16, first = item / blocks * 16;
  const step = (<usize>channels) * 36, lanes = min(16, outputs - o);
  let d = pointer(args, 4) + (<usize>item) * PRODUCTS;
  let dw = pointer(args, 2) + (<usize>o) * step + (<usize>first) * 36;
  for (let c = 0; c < 16; c++, d += CHUNK, dw += 36) {
    for (let j: usize = 0, to = scratch; j < 8; j++, to += CHUNK) {
      for (let lane: usize = 0; lane < CHUNK; lane += 16) gatherTaps(d + j * POINT + lane, 8 * POINT, to + lane, 8 * CHUNK);
    }
    for (let lane = 0, out = dw; lane < lanes; lane += 4, out += 4 * step) {
      for (let i: usize = 0, tap = out; i < 3; i++, tap += 12) {
        const at = scratch + 8 * CHUNK * i + ((<usize>lane) << 2);
        gatherTaps(at, CHUNK, at, CHUNK);
        for (let j: usize = 0; j < 3; j++) {
          const four = v128.load(at + CHUNK * j), to = tap + 4 * j;
          storeLanes(to, step, four, lanes - lane);
        }
      }
    }
  }
}
