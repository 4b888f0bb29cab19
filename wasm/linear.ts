// Products of rows with weight matrices, from one row (decoding) to many.
import { gemmPanel } from "./gemm";
import { F16, F32, HEADER, paddedInputs, partBytes, Q8, q8Blocks, q8Parts } from "./packed";
import { expandF16, row1f16, row1f32, row2f16, row2f32 } from "./rows_float";
import { quantizeRow, row1q8, row2q8, row4q8 } from "./rows_q8";
import { arg, madd, pointer, splat, swish4 } from "./simd";

/** Rows of one item: as many share each reading of a weight. A multiple of the four rows of the products. */
const ROWS: i32 = 24;

/** 2^56: half of the way back from f16 read as 2^−112 of their values, so that nothing over- or underflows. */
const HALF_WAY: f32 = 72057594037927936.0;

// A thread's scratch: which rows are prepared there (their chunk + 1), a scale for each, the sums of an item's panels by
// row (of w's, then of up's), then a panel of f16 as f32 (32·K bytes), then the prepared rows.
const SCALES: usize = 64;
const TILES: usize = 256;
const TILE: usize = <usize>ROWS << 5;

/*
 * out[r, o] = Σ_k n(x)[r, k]·w[o, k] + bias[o], or, with `up`, swish(Σ_k n(x)[r, k]·w[o, k])·Σ_k n(x)[r, k]·up[o, k];
 * plus residual[r, o]. n(x) = x, or, with `norm`, x / √(mean x² + eps)·norm.
 *
 * Arguments: x [R,K], w packed, bias (padded to 8) or 0, norm or 0, up packed or 0, residual or 0, out, R, K, O,
 * eps (f32 bits), panels of one item. Item: up to 24 rows, and a group of panels of 8 outputs; groups come first.
 * Scratch: 256 + 768·panels of one item (twice with up) + 32·K' + 24·4·K' bytes, K' = K up to a multiple of 32.
 */
export function linear(args: usize, item: i32, scratch: usize): void {
  const up = pointer(args, 4), outputs = arg(args, 9), group = arg(args, 11);
  const panels = (outputs + 7) >> 3, groups = (panels + group - 1) / group;
  const chunk = item / groups, first = chunk * ROWS, rows = min(ROWS, arg(args, 7) - first);
  const weights = pointer(args, 1), format = load<i32>(weights), k = paddedInputs(format, arg(args, 8));
  const tiles = scratch + TILES, gates = tiles + (<usize>group) * TILE, spare = up ? gates + (gates - tiles) : gates;
  const prepared = spare + ((<usize>k) << 5), stride = (<usize>k) << (format == Q8 ? 1 : 2);
  if (load<i32>(scratch) != chunk + 1) {
    prepare(args, first, rows, format, scratch, spare, prepared, stride);
    store<i32>(scratch, chunk + 1);
  }
  const begin = item % groups * group, end = min(panels, begin + group);
  const parts = format == Q8 ? q8Parts(k) : 1, length = format == Q8 ? q8Blocks(k) : k;
  for (let from = 0, part = 0; part < parts; part++, from += length) {
    // Of q8 a part of the panels' blocks; of floats all.
    const size = format == Q8 ? min(length, (k >> 5) - from) : k, bytes = partBytes(format, size);
    const at = HEADER + (<usize>panels) * partBytes(Q8, from), x = prepared + ((<usize>from) << 6);
    let w = weights + at + (<usize>begin) * bytes, v = up + at + (<usize>begin) * bytes, tile = tiles, gate = gates;
    for (let panel = begin; panel < end; panel++, w += bytes, v += bytes, tile += TILE, gate += TILE) {
      if (format == Q8) {
        multiplyQ8(rows, size, w, tile, x, stride, part > 0);
        if (up) multiplyQ8(rows, size, v, gate, x, stride, part > 0);
      } else {
        multiply(format, rows, k, w, tile, x, stride, spare);
        if (up) multiply(format, rows, k, v, gate, x, stride, spare);
      }
      if (part == parts - 1) finish(args, first, rows, panel, format, w, up ? v : 0, tile, gate, scratch);
    }
  }
}

/** Rows as the products read them: normalised, then scaled for f16 or made 16-bit integers for q8. */
function prepare(
  args: usize,
  first: i32,
  rows: i32,
  format: i32,
  scratch: usize,
  spare: usize,
  prepared: usize,
  stride: usize,
): void {
  const norm = pointer(args, 3), k = arg(args, 8), eps = reinterpret<f32>(arg(args, 10));
  const bytes = (<usize>k) << 2, padding = stride - bytes;
  let x = pointer(args, 0) + (<usize>first) * bytes, out = prepared;
  for (let r = 0; r < rows; r++, x += bytes, out += stride) {
    let scale: f32 = format == F16 ? HALF_WAY : 1;
    const target = format == Q8 ? spare : out;
    if (norm) normRow(x, norm, target, k, eps, scale);
    else if (format != Q8) scaleRow(x, target, k, scale);
    if (format == Q8) scale = quantizeRow(norm ? target : x, out, k);
    else memory.fill(out + bytes, 0, padding);
    store<f32>(scratch + SCALES + ((<usize>r) << 2), scale);
  }
}

/* out = x / √(mean x² + eps)·weight·factor. */
export function normRow(x: usize, weight: usize, out: usize, k: i32, eps: f32, factor: f32): void {
  let s0 = splat(0), s1 = splat(0);
  let i = 0;
  for (; i + 8 <= k; i += 8) {
    const a = v128.load(x + ((<usize>i) << 2)), b = v128.load(x + ((<usize>i) << 2), 16);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
  }
  s0 = f32x4.add(s0, s1);
  let squares = (<f64>f32x4.extract_lane(s0, 0) + <f64>f32x4.extract_lane(s0, 1)) +
    (<f64>f32x4.extract_lane(s0, 2) + <f64>f32x4.extract_lane(s0, 3));
  for (; i < k; i++) {
    const value = <f64>load<f32>(x + ((<usize>i) << 2));
    squares += value * value;
  }
  const scale = <f32>(<f64>factor / sqrt(squares / <f64>k + <f64>eps));
  for (i = 0; i + 4 <= k; i += 4) {
    const at = (<usize>i) << 2;
    v128.store(out + at, f32x4.mul(f32x4.mul(v128.load(x + at), splat(scale)), v128.load(weight + at)));
  }
  for (; i < k; i++) {
    const at = (<usize>i) << 2;
    store<f32>(out + at, load<f32>(x + at) * scale * load<f32>(weight + at));
  }
}

function scaleRow(x: usize, out: usize, k: i32, factor: f32): void {
  let i = 0;
  for (; i + 4 <= k; i += 4) {
    const at = (<usize>i) << 2;
    v128.store(out + at, f32x4.mul(v128.load(x + at), splat(factor)));
  }
  for (; i < k; i++) store<f32>(out + ((<usize>i) << 2), load<f32>(x + ((<usize>i) << 2)) * factor);
}

/** The sums of some blocks of a panel into a tile, rows of 8, or onto those there. */
function multiplyQ8(rows: i32, blocks: i32, w: usize, c: usize, x: usize, stride: usize, onto: bool): void {
  let r = 0;
  for (; r + 4 <= rows; r += 4, x += stride << 2, c += 128) row4q8(x, stride, w, c, blocks, onto);
  for (; r + 2 <= rows; r += 2, x += stride << 1, c += 64) row2q8(x, stride, w, c, blocks, onto);
  if (r < rows) row1q8(x, w, c, blocks, onto);
}

/** The sums of a panel of floats into a tile, rows of 8. Rows beyond the last may get sums that nobody reads. */
function multiply(
  format: i32,
  rows: i32,
  k: i32,
  w: usize,
  c: usize,
  x: usize,
  stride: usize,
  spare: usize,
): void {
  if (format == F16) w += 32;
  if (rows == 1) {
    if (format == F32) row1f32(x, w, c, k);
    else row1f16(x, w, c, k);
  } else if (rows == 2) {
    if (format == F32) row2f32(x, stride, w, c, k);
    else row2f16(x, stride, w, c, k);
  } else {
    if (format == F16) {
      expandF16(w, spare, k);
      w = spare;
    }
    gemmPanel(x, stride, w, c, 32, k, rows, false);
  }
}

/** Rows' sums as products: undoes what the format scaled. j: the panel's first or second four outputs. */
// @ts-ignore: decorator
@inline
function unscaled(tile: usize, r: i32, j: usize, format: i32, w: usize, scratch: usize): v128 {
  const sum = v128.load(tile + ((<usize>r) << 5) + j);
  if (format == F32) return sum;
  if (format == F16) return f32x4.mul(sum, v128.load(w + j));
  return f32x4.mul(sum, v128.load32_splat(scratch + SCALES + ((<usize>r) << 2)));
}

/** From sums to outputs. v: the gated panel, or 0; the sums of both are in the tiles. */
function finish(
  args: usize,
  first: i32,
  rows: i32,
  panel: i32,
  format: i32,
  w: usize,
  v: usize,
  tile: usize,
  gate: usize,
  scratch: usize,
): void {
  const bias = pointer(args, 2), outputs = arg(args, 9);
  for (let r = 0; r < rows; r++) {
    for (let o = panel * 8, j: usize = 0; j < 32 && o < outputs; o += 4, j += 16) {
      let value = unscaled(tile, r, j, format, w, scratch);
      if (v) value = f32x4.mul(swish4(value), unscaled(gate, r, j, format, v, scratch));
      if (bias) value = f32x4.add(value, v128.load(bias + ((<usize>o) << 2)));
      put(args, first + r, o, outputs, value);
    }
  }
}

/** Adds the residual and stores outputs [o, o + 4), of which only the first `outputs` exist. */
// @ts-ignore: decorator
@inline
function put(args: usize, row: i32, o: i32, outputs: i32, value: v128): void {
  const residual = pointer(args, 5), at = (<usize>(row * outputs + o)) << 2;
  const out = pointer(args, 6) + at;
  if (o + 4 <= outputs) {
    v128.store(out, residual ? f32x4.add(value, v128.load(residual + at)) : value);
    return;
  }
  for (let j = o; j < outputs; j++) {
    const lane = (<usize>(j - o)) << 2;
    const sum = f32x4.extract_lane(value, 0);
    store<f32>(out + lane, residual ? sum + load<f32>(residual + at + lane) : sum);
    value = v128.shuffle<f32>(value, value, 1, 2, 3, 0);
  }
}
