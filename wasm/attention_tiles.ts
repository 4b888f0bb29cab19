// Causal attention over whole sequences and its gradient, a head at a time, by tiles of 6×8.
//
// Scores, weighted values and the five products of the gradient are all products of matrices that fit into a thread's
// part of the cache. A tile whose keys all lie behind its queries is left out; in those on the diagonal the
// probabilities behind a query are zeros, so that what is not a number there reaches up to five queries before it.
import { attend } from "./attention";
import { copyTile, pack } from "./matmul";
import { arg, exp4, madd, pointer, splat, sum4 } from "./simd";
import { PANEL, STRIP, tile6x8 } from "./tile";

/** So few positions go row by row. */
const FEW: i32 = 4;

/*
 * out[b, p] = Σ_i softmax_i(q_p·k_i / √d)·v_i over i ≤ p.
 * Arguments: qkv [B,P,3·D], out [B,P,D], h, d, P. Item: one (sequence, head), or a sequence of few positions; d is a
 * multiple of 4. Scratch: see `attentionExtent` in src/backend/wasm/extents.ts.
 */
export function attention(args: usize, item: i32, scratch: usize): void {
  const heads = arg(args, 2), d = arg(args, 3), positions = arg(args, 4);
  const bytes = (<usize>d) << 2, width = bytes * (<usize>heads), row = 3 * width;
  if (positions <= FEW) {
    let q = pointer(args, 0) + (<usize>(item * positions)) * row;
    let out = pointer(args, 1) + (<usize>(item * positions)) * width;
    for (let head = 0; head < heads; head++, q += bytes, out += bytes) {
      for (let p = 0; p < positions; p++) {
        attend<f32>(q + (<usize>p) * row, q + width, q + 2 * width, row, p + 1, d, out + (<usize>p) * width, scratch, 0);
      }
    }
    return;
  }
  const q = pointer(args, 0) + (<usize>(item / heads * positions)) * row + (<usize>(item % heads)) * bytes;
  const out = pointer(args, 1) + (<usize>(item / heads * positions)) * width + (<usize>(item % heads)) * bytes;
  const queries = scratch, keys = queries + stripsBytes(positions, d), values = keys + panelsBytes(positions, d);
  const scores = values + panelsBytes(d, rowsOf(positions)), stripped = scores + 6 * scoreRow(positions);
  packAll(q, 4, row, queries, d, d, positions, 6);
  packAll(q + width, 4, row, keys, d, d, positions, 8);
  packAll(q + 2 * width, row, 4, values, positions, rowsOf(positions), d, 8);
  for (let p = 0; p < positions; p += 6) {
    const last = min(positions, p + 6), padded = (last + 3) & ~3;
    score(queries, keys, d, p, last, scores, scoreRow(positions));
    softmaxRows(scores, scoreRow(positions), p, d);
    pack(scores, 4, scoreRow(positions), stripped, padded, padded, 6, 6);
    putProduct(stripped, values, rowsOf(positions), padded, d, out + (<usize>p) * width, width, last - p, scores);
  }
}

/*
 * Gradients of causal attention by q, k and v, its probabilities computed again: with P the probabilities and
 * S = P∘(dy·vᵀ − Σ P∘(dy·vᵀ)) / √d: dq = S·k, dk = Sᵀ·q, dv = Pᵀ·dy.
 * Arguments: qkv [B,P,3·D], dy [B,P,D], out [B,P,3·D], h, d, P. Item: as above.
 * Scratch: see `attentionExtent` in src/backend/wasm/extents.ts.
 */
// @training
export function attentionGrad(args: usize, item: i32, scratch: usize): void {
  const heads = arg(args, 3), d = arg(args, 4), positions = arg(args, 5);
  const bytes = (<usize>d) << 2, width = bytes * (<usize>heads), row = width * 3;
  if (positions <= FEW) {
    const first = (<usize>(item * positions)) * width;
    for (let at: usize = 0; at < width; at += bytes) {
      gradOfFew(pointer(args, 0) + 3 * first + at, pointer(args, 1) + first + at, pointer(args, 2) + 3 * first + at,
        positions, bytes, width, scratch);
    }
    return;
  }
  const first = (<usize>(item / heads * positions)) * width, head = (<usize>(item % heads)) * bytes;
  const q = pointer(args, 0) + 3 * first + head, dy = pointer(args, 1) + first + head;
  const out = pointer(args, 2) + 3 * first + head;
  const strips = stripsBytes(positions, d), across = panelsBytes(positions, d), along = panelsBytes(d, rowsOf(positions));
  const line = scoreRow(positions), square = (<usize>((positions + 5) / 6 * 6)) * line;
  const queryStrips = scratch, slopeStrips = queryStrips + strips, keysAcross = slopeStrips + strips;
  const valuesAcross = keysAcross + across, keys = valuesAcross + across, queries = keys + along, slopes = queries + along;
  const chances = slopes + along, scores = chances + square, stripped = scores + square, tile = stripped + stripsBytes(6, rowsOf(positions));
  const rows = rowsOf(positions);
  packAll(q, 4, row, queryStrips, d, d, positions, 6);
  packAll(dy, 4, width, slopeStrips, d, d, positions, 6);
  packAll(q + width, 4, row, keysAcross, d, d, positions, 8);
  packAll(q + 2 * width, 4, row, valuesAcross, d, d, positions, 8);
  packAll(q + width, row, 4, keys, positions, rows, d, 8);
  packAll(q, row, 4, queries, positions, rows, d, 8);
  packAll(dy, width, 4, slopes, positions, rows, d, 8);
  for (let p = 0; p < positions; p += 6) {
    const last = min(positions, p + 6), padded = (last + 3) & ~3, at = (<usize>p) * line;
    score(queryStrips, keysAcross, d, p, last, chances + at, line);
    softmaxRows(chances + at, line, p, d);
    score(slopeStrips, valuesAcross, d, p, last, scores + at, line);
    slopeRows(chances + at, scores + at, line, p, d);
    pack(scores + at, 4, line, stripped, padded, padded, 6, 6);
    putProduct(stripped, keys, rows, padded, d, out + (<usize>p) * row, row, last - p, tile);
  }
  for (let p = 0; p < positions; p += 6) {
    const count = positions - p, padded = (count + 3) & ~3, height = min(6, count);
    const at = (<usize>p) * line + ((<usize>p) << 2), from = (<usize>p) * PANEL, to = out + (<usize>p) * row;
    pack(scores + at, line, 4, stripped, count, padded, 6, 6);
    putProduct(stripped, queries + from, rows, padded, d, to + width, row, height, tile);
    pack(chances + at, line, 4, stripped, count, padded, 6, 6);
    putProduct(stripped, slopes + from, rows, padded, d, to + 2 * width, row, height, tile);
  }
}

/** Rows of panels over positions: enough to begin anywhere and go on to a multiple of 4. */
// @ts-ignore: decorator
@inline
function rowsOf(positions: i32): i32 {
  return ((positions + 3) & ~3) + 4;
}

/** Bytes of a row of scores. */
// @ts-ignore: decorator
@inline
function scoreRow(positions: i32): usize {
  return (<usize>((positions + 7) & ~7)) << 2;
}

function stripsBytes(n: i32, k: i32): usize {
  return (<usize>((n + 5) / 6 * k)) * STRIP;
}

function panelsBytes(n: i32, k: i32): usize {
  return (<usize>(((n + 7) >> 3) * k)) * PANEL;
}

/** All strips or panels of a matrix of n lanes; see `pack`. */
function packAll(from: usize, stepK: usize, stepJ: usize, out: usize, k: i32, size: i32, n: i32, lanes: i32): void {
  const bytes = (<usize>(size * lanes)) << 2, step = (<usize>lanes) * stepJ;
  for (let j = 0; j < n; j += lanes, from += step, out += bytes) {
    pack(from, stepK, stepJ, out, k, size, lanes, min(lanes, n - j));
  }
}

/** The products of the strip that begins with row p and of all columns before `last`, up to a multiple of 8. */
function score(strips: usize, panels: usize, d: i32, p: i32, last: i32, out: usize, line: usize): void {
  const strip = strips + (<usize>(p / 6 * d)) * STRIP, step = (<usize>d) * PANEL;
  for (let key = 0; key < last; key += 8, panels += step, out += PANEL) tile6x8(strip, panels, out, line, d, false);
}

/** out = strip·panels, `height` rows of d columns; panels have `rows` rows, of which k count. Scratch: a tile. */
function putProduct(strip: usize, panels: usize, rows: i32, k: i32, d: i32, out: usize, row: usize, height: i32, scratch: usize): void {
  for (let c = 0; c < d; c += 8, panels += (<usize>rows) * PANEL, out += PANEL) {
    if (height == 6 && c + 8 <= d) tile6x8(strip, panels, out, row, k, false);
    else {
      tile6x8(strip, panels, scratch, PANEL, k, false);
      copyTile(out, row, scratch, PANEL, height, min(8, d - c));
    }
  }
}

/** Six rows of scores, the first of position p, become probabilities; zeros behind their own position. */
function softmaxRows(scores: usize, line: usize, p: i32, d: i32): void {
  const scale = splat(1 / sqrt<f32>(<f32>d)), end = (<usize>((p + 6 + 7) & ~7)) << 2;
  for (let r = 0; r < 6; r++, scores += line) {
    const count = (<usize>(p + r + 1)) << 2, stop = min(line, end);
    // What lies behind is made so small that it becomes nothing.
    for (let at = min(count, line); at < stop; at += 4) store<f32>(scores + at, -Infinity);
    let largest = splat(-Infinity);
    for (let at: usize = 0; at < min(count, line); at += 16) largest = f32x4.max(largest, v128.load(scores + at));
    const pair = f32x4.max(largest, v128.shuffle<f32>(largest, largest, 2, 3, 0, 1));
    const most = f32x4.mul(f32x4.max(pair, v128.shuffle<f32>(pair, pair, 1, 0, 3, 2)), scale);
    let sums = splat(0);
    for (let at: usize = 0; at < min(count, line); at += 16) {
      const x = v128.load(scores + at);
      const e = v128.andnot(exp4(f32x4.sub(f32x4.mul(x, scale), most)), f32x4.eq(x, splat(-Infinity)));
      v128.store(scores + at, e);
      sums = f32x4.add(sums, e);
    }
    // exp hides what is not a number; the difference, zero otherwise, lets it through.
    const inverse = f32x4.add(splat(1 / sum4(sums)), f32x4.sub(most, most));
    let at: usize = 0;
    for (; at < min(count, line); at += 16) v128.store(scores + at, f32x4.mul(v128.load(scores + at), inverse));
    for (; at < stop; at += 16) v128.store(scores + at, splat(0));
  }
}

/** Six rows: from slopes by probability to those by score, p·(s − Σ p·s) / √d. */
function slopeRows(chances: usize, slopes: usize, line: usize, p: i32, d: i32): void {
  const scale = splat(1 / sqrt<f32>(<f32>d)), end = min(line, (<usize>((p + 6 + 7) & ~7)) << 2);
  for (let r = 0; r < 6; r++, chances += line, slopes += line) {
    const count = (<usize>(p + r + 1)) << 2;
    // What lies behind may be anything, and must not become something by being multiplied with zero.
    for (let at = min(count, line); at < end; at += 4) store<f32>(slopes + at, 0);
    let sums = splat(0);
    for (let at: usize = 0; at < end; at += 16) sums = madd(v128.load(chances + at), v128.load(slopes + at), sums);
    const mean = splat(sum4(sums));
    for (let at: usize = 0; at < end; at += 16) {
      const slope = f32x4.mul(f32x4.sub(v128.load(slopes + at), mean), scale);
      v128.store(slopes + at, f32x4.mul(v128.load(chances + at), slope));
    }
  }
}

/** The same for few positions, by their rows. Scratch: P probabilities and P slopes, each up to a multiple of 4. */
function gradOfFew(first: usize, dy: usize, result: usize, positions: i32, bytes: usize, width: usize, scratch: usize): void {
  const row = width * 3;
  const slopes = scratch + ((<usize>((positions + 3) & ~3)) << 2);
  const scale: f32 = 1 / sqrt<f32>(<f32>(bytes >> 2));
  for (let p: usize = 0; p < <usize>positions; p++) {
    for (let part: usize = 0; part < 3; part++) memory.fill(result + p * row + part * width, 0, bytes);
  }
  for (let p: usize = 0; p < <usize>positions; p++, dy += width) {
    const q = first + p * row, dq = result + p * row;
    let largest: f32 = -Infinity;
    for (let i: usize = 0; i <= p; i++) {
      const score = scale * dot(q, first + i * row + width, bytes);
      store<f32>(scratch + (i << 2), score);
      store<f32>(slopes + (i << 2), dot(dy, first + i * row + 2 * width, bytes));
      largest = max(largest, score);
    }
    let total: f64 = 0, average: f64 = 0;
    for (let i: usize = 0; i <= p; i += 4) {
      v128.store(scratch + (i << 2), exp4(f32x4.sub(v128.load(scratch + (i << 2)), splat(largest))));
    }
    for (let i: usize = 0; i <= p; i++) {
      const weight = <f64>load<f32>(scratch + (i << 2));
      total += weight, average += weight * <f64>load<f32>(slopes + (i << 2));
    }
    // exp hides what is not a number; the difference, zero otherwise, lets it through.
    const inverse = <f32>(1 / total) + (largest - largest), mean = <f32>(average / total);
    for (let i: usize = 0; i <= p; i++) {
      const probability = load<f32>(scratch + (i << 2)) * inverse;
      const ds = splat(probability * (load<f32>(slopes + (i << 2)) - mean) * scale), w = splat(probability);
      const k = first + i * row + width, dk = result + i * row + width, dv = dk + width;
      for (let c: usize = 0; c < bytes; c += 16) {
        v128.store(dq + c, madd(ds, v128.load(k + c), v128.load(dq + c)));
        v128.store(dk + c, madd(ds, v128.load(q + c), v128.load(dk + c)));
        v128.store(dv + c, madd(w, v128.load(dy + c), v128.load(dv + c)));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, bytes: usize): f32 {
  let sum = splat(0);
  for (let c: usize = 0; c < bytes; c += 16) sum = madd(v128.load(a + c), v128.load(b + c), sum);
  return sum4(sum);
}

