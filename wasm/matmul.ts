// Products of two matrices that are both computed, and the packing of matrices that no loader packed.
import { gemmPanel } from "./gemm";
import { arg, pointer } from "./simd";
import { transpose4 } from "./transpose";

/** Rows of one item, a multiple of the product's four; values of a row at a time; panels of 8 columns of one item. */
const ROWS: i32 = 24;
const DEPTH: i32 = 256;
/** Bytes of a row of values; a cache line more than they take, else rows would fall into the same few lines. */
const ROW: usize = 1024 + 64;
const PANELS: i32 = 16;

/*
 * Panels as products read them: out[b, j/8][k][j%8] = from[b·batch + k·stepK + j·stepJ], zeros beyond N and up to a
 * multiple of 4 of K. With `header`, the word there becomes 0: the format of f32 (see packed.ts).
 * Arguments: from, out, K, N, stepK, stepJ, batch (elements), header or 0. Item: one (batch, panel).
 */
export function packMatrix(args: usize, item: i32): void {
  const k = arg(args, 2), n = arg(args, 3), panels = (n + 7) >> 3, header = pointer(args, 7);
  const stepK = (<usize>arg(args, 4)) << 2, stepJ = (<usize>arg(args, 5)) << 2;
  const j = item % panels * 8, lanes = min(8, n - j);
  let from = pointer(args, 0) + ((<usize>(item / panels * arg(args, 6))) << 2) + (<usize>j) * stepJ;
  let out = pointer(args, 1) + (<usize>item) * ((<usize>((k + 3) & ~3)) << 5);
  if (header && item == 0) store<i32>(header, 0);
  const end = out + ((<usize>((k + 3) & ~3)) << 5);
  if (lanes == 8 && stepJ == 4) {
    for (let i = 0; i < k; i++, from += stepK, out += 32) {
      v128.store(out, v128.load(from)), v128.store(out, v128.load(from, 16), 16);
    }
  } else {
    for (let i = 0; i < k; i++, from += stepK, out += 32) {
      let at = from;
      for (let lane: usize = 0; lane < 32; lane += 4, at += stepJ) {
        store<f32>(out + lane, lane < ((<usize>lanes) << 2) ? load<f32>(at) : 0);
      }
    }
  }
  memory.fill(out, 0, end - out);
}

/*
 * out[b, i, j] = Σ_k a[b·M·K + i·stepI + k·stepK]·w[b, k, j], w packed as above.
 * Arguments: a, w, out, M, K, N, stepI, stepK. Item: one (batch, 24 rows, 16 panels).
 * Scratch: 24 rows of 256 values and a cache line, then 24 rows of 128.
 */
export function matmul(args: usize, item: i32, scratch: usize): void {
  const m = arg(args, 3), k = arg(args, 4), n = arg(args, 5);
  const panels = (n + 7) >> 3, groups = (panels + PANELS - 1) / PANELS, blocks = (m + ROWS - 1) / ROWS;
  const batch = item / groups / blocks, first = item / groups % blocks * ROWS, rows = min(ROWS, m - first);
  const begin = item % groups * PANELS, count = min(PANELS, panels - begin);
  const stepI = (<usize>arg(args, 6)) << 2, stepK = (<usize>arg(args, 7)) << 2;
  const a = pointer(args, 0) + ((<usize>batch * m * k) << 2) + (<usize>first) * stepI;
  const panel = (<usize>((k + 3) & ~3)) << 5;
  const w = pointer(args, 1) + (<usize>(batch * panels + begin)) * panel;
  const c = scratch + (<usize>ROWS) * ROW, ldc = (<usize>PANELS) << 5;
  if (k == 0) memory.fill(c, 0, (<usize>ROWS) * ldc);
  for (let from = 0; from < k; from += DEPTH) {
    const depth = min(DEPTH, k - from), padded = (depth + 3) & ~3;
    gatherRows(a + (<usize>from) * stepK, stepI, stepK, scratch, rows, depth, padded);
    for (let p = 0; p < count; p++) {
      const b = w + (<usize>p) * panel + ((<usize>from) << 5);
      gemmPanel(scratch, ROW, b, c + ((<usize>p) << 5), ldc, padded, rows, from > 0);
    }
  }
  const width = (<usize>min(count * 8, n - begin * 8)) << 2;
  let out = pointer(args, 2) + ((<usize>((batch * m + first) * n + begin * 8)) << 2);
  for (let r = 0; r < rows; r++, out += (<usize>n) << 2) memory.copy(out, c + (<usize>r) * ldc, width);
}

/* Rows of `depth` values side by side, zeros to `padded`. */
function gatherRows(
  a: usize,
  stepI: usize,
  stepK: usize,
  out: usize,
  rows: i32,
  depth: i32,
  padded: i32,
): void {
  if (stepK == 4) {
    for (let r = 0; r < rows; r++, a += stepI, out += ROW) {
      memory.copy(out, a, (<usize>depth) << 2);
      memory.fill(out + ((<usize>depth) << 2), 0, (<usize>(padded - depth)) << 2);
    }
    return;
  }
  let k = 0;
  if (stepI == 4) {
    for (; k + 4 <= depth; k += 4, a += 4 * stepK, out += 16) {
      transpose4(a, a + stepK, a + 2 * stepK, a + 3 * stepK, out, ROW, rows);
    }
  }
  for (; k < padded; k++, a += stepK, out += 4) {
    for (let r = 0, at = a, to = out; r < rows; r++, at += stepI, to += ROW) {
      store<f32>(to, k < depth ? load<f32>(at) : 0);
    }
  }
}
