// Products of two matrices that are both computed, and the packing of matrices that no loader packed.
import { arg, pointer } from "./simd";
import { PANEL, STRIP, tile6x8 } from "./tile";

/** Bytes of a tile. */
const TILE: usize = 6 * PANEL;
/** Strips or panels of one item of packing. */
const PACKED: i32 = 8;

/*
 * Matrices as products read them: by block of `depth` values of k, out[b, block, j/W][k%depth][j%W] =
 * from[b·batch + k·stepK + j·stepJ] with W = 6 (strips) or 8 (panels), zeros up to a multiple of 4 of K; lanes beyond N
 * are zeros. With `header`, the word there becomes 0: the format of f32 (see packed.ts).
 * Arguments: from, out, K, N, stepK, stepJ, batch (elements), header or 0, W, batches, depth (a multiple of 4).
 * Item: eight of all batches' strips or panels.
 */
// @training
export function packMatrix(args: usize, item: i32): void {
  const k = arg(args, 2), n = arg(args, 3), lanes = arg(args, 8), each = (n + lanes - 1) / lanes;
  const stepK = (<usize>arg(args, 4)) << 2, stepJ = (<usize>arg(args, 5)) << 2, header = pointer(args, 7);
  const padded = (k + 3) & ~3, depth = arg(args, 10), row = (<usize>lanes) << 2;
  const end = min(each * arg(args, 9), (item + 1) * PACKED);
  if (header && item == 0) store<i32>(header, 0);
  for (let i = item * PACKED; i < end; i++) {
    const batch = i / each, j = i % each * lanes, width = min(lanes, n - j);
    const from = pointer(args, 0) + ((<usize>(batch * arg(args, 6))) << 2) + (<usize>j) * stepJ;
    const out = pointer(args, 1) + (<usize>(batch * each)) * (<usize>padded) * row;
    for (let begin = 0; begin < padded; begin += depth) {
      const size = min(depth, padded - begin), block = (<usize>(each * begin + (i - batch * each) * size)) * row;
      pack(from + (<usize>begin) * stepK, stepK, stepJ, out + block, min(size, k - begin), size, lanes, width);
    }
  }
}

/**
 * One strip or panel: out[k][j] = from[k·stepK + j·stepJ] (bytes) for k values, zeros up to `size`, and j < lanes = 6 or
 * 8, zeros from `width` on.
 */
export function pack(from: usize, stepK: usize, stepJ: usize, out: usize, k: i32, size: i32, lanes: i32, width: i32): void {
  const row = (<usize>lanes) << 2;
  let packed = 0;
  if (width == lanes) {
    if (stepJ == 4) packed = lanes == 8 ? packRows8(from, stepK, out, k) : packRows6(from, stepK, out, k);
    else if (stepK == 4) {
      packed = k & ~3;
      turn4(from, stepJ, out, row, packed);
      if (lanes == 8) turn4(from + 4 * stepJ, stepJ, out + 16, row, packed);
      else turn2(from + 4 * stepJ, stepJ, out + 16, row, packed);
    }
  }
  for (; packed < k; packed++) {
    let at = from + (<usize>packed) * stepK;
    for (let lane = 0; lane < lanes; lane++, at += stepJ) {
      store<f32>(out + (<usize>packed) * row + (<usize>lane << 2), lane < width ? load<f32>(at) : 0);
    }
  }
  memory.fill(out + (<usize>k) * row, 0, (<usize>(size - k)) * row);
}

function packRows8(from: usize, step: usize, out: usize, k: i32): i32 {
  for (let i = 0; i < k; i++, from += step, out += PANEL) {
    v128.store(out, v128.load(from)), v128.store(out, v128.load(from, 16), 16);
  }
  return k;
}

function packRows6(from: usize, step: usize, out: usize, k: i32): i32 {
  for (let i = 0; i < k; i++, from += step, out += STRIP) {
    v128.store(out, v128.load(from)), store<u64>(out, load<u64>(from, 16), 16);
  }
  return k;
}

/* out[k][i] = a_i[k] for four rows `step` bytes apart, k a multiple of 4; rows of out are `row` bytes apart. */
// @ts-ignore: decorator
@inline
function turn4(a: usize, step: usize, out: usize, row: usize, k: i32): void {
  let b = a + step, c = b + step, d = c + step;
  for (; k > 0; k -= 4, a += 16, b += 16, c += 16, d += 16) {
    const x0 = v128.load(a), x1 = v128.load(b), x2 = v128.load(c), x3 = v128.load(d);
    const low0 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), high0 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low1 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5), high1 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(low0, low1, 0, 1, 4, 5));
    v128.store(out += row, v128.shuffle<f32>(low0, low1, 2, 3, 6, 7));
    v128.store(out += row, v128.shuffle<f32>(high0, high1, 0, 1, 4, 5));
    v128.store(out += row, v128.shuffle<f32>(high0, high1, 2, 3, 6, 7));
    out += row;
  }
}

/* The same for two rows. */
// @ts-ignore: decorator
@inline
function turn2(a: usize, step: usize, out: usize, row: usize, k: i32): void {
  let b = a + step;
  for (; k > 0; k -= 4, a += 16, b += 16) {
    const x0 = v128.load(a), x1 = v128.load(b);
    const low = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), high = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    v128.store64_lane(out, low, 0);
    v128.store64_lane(out += row, low, 1);
    v128.store64_lane(out += row, high, 0);
    v128.store64_lane(out += row, high, 1);
    out += row;
  }
}

/*
 * out[b, i, j] = residual[b, i, j] + Σ_k a[b, i, k]·w[b, k, j]; w packed in panels of 8 columns, a in strips of 6 rows, or,
 * with stepI, as it is, (i, k) at b·M·K + i·stepI + k·stepK: then each strip is packed when its turn comes. The residual
 * may lie where out does.
 * Arguments: a, w, out, residual or 0, M, K, N, strips and panels of one item, depth of a block of k, stepI or 0, stepK.
 * Item: one (batch, block of strips, group of panels). Scratch: a tile of 6×8, then a strip of `depth`.
 */
// @training
export function matmul(args: usize, item: i32, scratch: usize): void {
  const m = arg(args, 4), k = arg(args, 5), n = arg(args, 6), padded = (k + 3) & ~3;
  const strips = (m + 5) / 6, panels = (n + 7) >> 3, block = arg(args, 7), group = arg(args, 8), depth = arg(args, 9);
  const blocks = (strips + block - 1) / block, groups = (panels + group - 1) / group;
  const batch = item / groups / blocks, strip = item / groups % blocks * block, panel = item % groups * group;
  const lastStrip = min(strips, strip + block), lastPanel = min(panels, panel + group);
  const row = (<usize>n) << 2, left = (<usize>panel) * PANEL;
  const out = pointer(args, 2) + (<usize>(batch * m)) * row, residual = pointer(args, 3);
  prepare(out + left, residual ? residual + (out + left - pointer(args, 2)) : 0, row, strip * 6, min(m, lastStrip * 6),
    (<usize>min(n, lastPanel * 8) << 2) - left, k == 0);
  const stepI = (<usize>arg(args, 10)) << 2, stepK = (<usize>arg(args, 11)) << 2, own = scratch + TILE;
  let a = pointer(args, 0) + (stepI ? (<usize>(batch * m * k)) << 2 : (<usize>(batch * strips * padded)) * STRIP);
  let b = pointer(args, 1) + (<usize>(batch * panels * padded)) * PANEL;
  for (let from = 0; from < padded; from += depth) {
    const size = min(depth, padded - from), onto = from > 0 || residual != 0;
    const stripBytes = (<usize>size) * STRIP, panelBytes = (<usize>size) * PANEL;
    // A strip's rows are finished one after the other, so that their lines of the cache are written whole.
    for (let s = strip; s < lastStrip; s++) {
      const height = min(6, m - s * 6);
      let as = a + (<usize>s) * stripBytes;
      if (stepI) {
        pack(a + (<usize>(s * 6)) * stepI, stepK, stepI, own, min(size, k - from), size, 6, height);
        as = own;
      }
      let bp = b + (<usize>panel) * panelBytes, c = out + (<usize>(s * 6)) * row + left;
      for (let p = panel; p < lastPanel; p++, bp += panelBytes, c += PANEL) {
        const columns = min(8, n - p * 8);
        if (columns == 8 && height == 6) {
          tile6x8(as, bp, c, row, size, onto);
          continue;
        }
        if (onto) copyTile(scratch, PANEL, c, row, height, columns);
        tile6x8(as, bp, scratch, PANEL, size, onto);
        copyTile(c, row, scratch, PANEL, height, columns);
      }
    }
    a += stepI ? (<usize>size) * stepK : (<usize>strips) * stripBytes;
    b += (<usize>panels) * panelBytes;
  }
}

/** What the products of an item's rows are added to: the residual, or, where there are none, zeros. */
function prepare(out: usize, residual: usize, row: usize, first: i32, last: i32, width: usize, empty: bool): void {
  if (residual == out || (!residual && !empty)) return;
  for (let r = first; r < last; r++) {
    const at = (<usize>r) * row;
    if (residual) memory.copy(out + at, residual + at, width);
    else memory.fill(out + at, 0, width);
  }
}

/** Copies a part of a tile. */
export function copyTile(to: usize, toRow: usize, from: usize, fromRow: usize, height: i32, columns: i32): void {
  for (; height > 0; height--, to += toRow, from += fromRow) memory.copy(to, from, (<usize>columns) << 2);
}
