// Causal attention by head over a cache, and rotary positions.
import { loadF16x4, storeF16 } from "./f16";
import { arg, exp4, madd, pointer, splat, sum4 } from "./simd";

/** 2^56: half of the way back from f16 read as 2^−112 of their values. */
const HALF_WAY: f32 = 72057594037927936.0;
/** Two of these bytes are an f16 that is no number, which nothing else writes. */
const MARK: u16 = 0x7e;

/*
 * Writes k and v of one row to the cache at its position, then lets q attend: out = Σ_i softmax_i(q·k_i/√d)·v_i.
 * With a table, q and k are turned first.
 *
 * Arguments: qkv [R,3·D], cache [R,2,h,P,d] of f32 or f16, position u32 [R], table [rows,d] or 0, out [R,D], h, d, P,
 * whether the cache holds f16. Item: one (row, head). Scratch: d values of q, d of k, then P scores up to a multiple of 4.
 *
 * f16 values are read by their bits, which takes infinity and NaN for numbers. So a position that has some is marked as a
 * whole, and gives NaN from there on.
 */
export function attentionStep(args: usize, item: i32, scratch: usize): void {
  const table = pointer(args, 3), heads = arg(args, 5), d = arg(args, 6), positions = arg(args, 7);
  const row = item / heads, head = item % heads;
  const at = <usize>min(load<u32>(pointer(args, 2) + ((<usize>row) << 2)), <u32>positions - 1);
  const bytes = (<usize>d) << 2, width = bytes * (<usize>heads);
  const q = pointer(args, 0) + (<usize>row) * 3 * width + (<usize>head) * bytes;
  const f16 = arg(args, 8) != 0, step = f16 ? bytes >> 1 : bytes;
  const keys = pointer(args, 1) + (<usize>((row * 2 * heads + head) * positions)) * step;
  const values = keys + (<usize>(heads * positions)) * step;
  const key = scratch + bytes, scores = key + bytes;
  store<i32>(scratch, fetch(keys, step * at) + fetch(values, step * at));
  if (table) {
    turn(q, scratch, table + at * bytes, bytes);
    turn(q + width, key, table + at * bytes, bytes);
  } else {
    memory.copy(scratch, q, bytes);
    memory.copy(key, q + width, bytes);
  }
  const out = pointer(args, 4) + (<usize>row) * width + (<usize>head) * bytes;
  if (f16) {
    const finite = storeF16(key, keys + at * step, d) && storeF16(q + 2 * width, values + at * step, d);
    if (!finite) memory.fill(keys + at * step, <u8>MARK, step);
    attend<u16>(scratch, keys, values, step, <i32>at + 1, d, out, scores, marked(keys, step, <i32>at + 1));
  } else {
    memory.copy(keys + at * step, key, bytes);
    memory.copy(values + at * step, q + 2 * width, bytes);
    attend<f32>(scratch, keys, values, step, <i32>at + 1, d, out, scores, 0);
  }
}

/**
 * Reads a word of each cache line, one straight after the other, so that memory answers many at a time; while positions
 * are multiplied it would wait for each. Gives something, lest the reading be left out.
 */
function fetch(at: usize, bytes: usize): i32 {
  let sum = 0;
  for (const end = at + bytes; at < end; at += 64) sum += load<i32>(at);
  return sum;
}

/** NaN if one of the positions is marked, 0 otherwise. */
function marked(keys: usize, step: usize, count: i32): f32 {
  let found = false;
  for (; count > 0; count--, keys += step) found = found || load<u16>(keys) == (MARK << 8 | MARK);
  return found ? NaN : 0;
}

/**
 * One query over `count` keys and values of d elements T, `step` bytes apart. Scores: `count`, up to four more.
 * `poison` is added to all that comes out.
 */
export function attend<T>(
  q: usize,
  keys: usize,
  values: usize,
  step: usize,
  count: i32,
  d: i32,
  out: usize,
  scores: usize,
  poison: f32,
): void {
  const f16 = sizeof<T>() == 2, bytes = (<usize>d) << alignof<T>();
  const scale: f32 = (f16 ? HALF_WAY : 1) / sqrt<f32>(<f32>d);
  const last = <usize>(count - 1);
  if (f16) for (let at: usize = 0; at < bytes << 1; at += 16) scaleUp(q + at);
  let largest: f32 = -Infinity;
  for (let i: usize = 0; i <= last; i += 4) {
    // Beyond the last key, the last again: its scores are made zero weights below.
    const k0 = keys + i * step, k1 = keys + min(i + 1, last) * step;
    const k2 = keys + min(i + 2, last) * step, k3 = keys + min(i + 3, last) * step;
    let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
    for (let at: usize = 0; at < bytes; at += 4 * sizeof<T>()) {
      const x = v128.load(q + (f16 ? at << 1 : at));
      s0 = madd(x, load4<T>(k0 + at), s0);
      s1 = madd(x, load4<T>(k1 + at), s1);
      s2 = madd(x, load4<T>(k2 + at), s2);
      s3 = madd(x, load4<T>(k3 + at), s3);
    }
    const four = f32x4.mul(f32x4(sum4(s0), sum4(s1), sum4(s2), sum4(s3)), splat(scale));
    v128.store(scores + (i << 2), four);
    largest = max(largest, max(max(lane0(four), lane1(four)), max(lane2(four), lane3(four))));
  }
  let sums = splat(0);
  for (let i: usize = 0; i <= last; i += 4) {
    const weight = exp4(f32x4.sub(v128.load(scores + (i << 2)), splat(largest)));
    v128.store(scores + (i << 2), weight);
    if (i + 3 <= last) sums = f32x4.add(sums, weight);
  }
  let total = sum4(sums);
  for (let i = (last + 1) & ~3; i <= last; i++) total += load<f32>(scores + (i << 2));
  if (f16) for (let i: usize = 0; i <= last; i += 4) scaleUp(scores + (i << 2));
  // exp hides what is not a number; the difference, zero otherwise, lets it through.
  const inverse = splat((f16 ? HALF_WAY : 1) / total + (largest - largest) + poison);
  let at: usize = 0;
  for (; at + 32 * sizeof<T>() <= bytes; at += 32 * sizeof<T>()) {
    let s0 = splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    let v = values + at;
    for (let i: usize = 0; i <= last; i++, v += step) {
      const w = v128.load32_splat(scores + (i << 2));
      s0 = madd(w, load4<T>(v), s0), s1 = madd(w, load4<T>(v + 4 * sizeof<T>()), s1);
      s2 = madd(w, load4<T>(v + 8 * sizeof<T>()), s2), s3 = madd(w, load4<T>(v + 12 * sizeof<T>()), s3);
      s4 = madd(w, load4<T>(v + 16 * sizeof<T>()), s4), s5 = madd(w, load4<T>(v + 20 * sizeof<T>()), s5);
      s6 = madd(w, load4<T>(v + 24 * sizeof<T>()), s6), s7 = madd(w, load4<T>(v + 28 * sizeof<T>()), s7);
    }
    const o = out + (f16 ? at << 1 : at);
    v128.store(o, f32x4.mul(s0, inverse)), v128.store(o, f32x4.mul(s1, inverse), 16);
    v128.store(o, f32x4.mul(s2, inverse), 32), v128.store(o, f32x4.mul(s3, inverse), 48);
    v128.store(o, f32x4.mul(s4, inverse), 64), v128.store(o, f32x4.mul(s5, inverse), 80);
    v128.store(o, f32x4.mul(s6, inverse), 96), v128.store(o, f32x4.mul(s7, inverse), 112);
  }
  for (; at < bytes; at += 4 * sizeof<T>()) {
    let s = splat(0), v = values + at;
    for (let i: usize = 0; i <= last; i++, v += step) {
      s = madd(v128.load32_splat(scores + (i << 2)), load4<T>(v), s);
    }
    v128.store(out + (f16 ? at << 1 : at), f32x4.mul(s, inverse));
  }
}

/** Four elements as f32, f16 as 2^−112 of their values. */
// @ts-ignore: decorator
@inline
function load4<T>(at: usize): v128 {
  return sizeof<T>() == 2 ? loadF16x4(at) : v128.load(at);
}

/* x[i] · 2^56, i < 4, in place. */
// @ts-ignore: decorator
@inline
function scaleUp(x: usize): void {
  v128.store(x, f32x4.mul(v128.load(x), splat(HALF_WAY)));
}

// @ts-ignore: decorator
@inline
function lane0(x: v128): f32 {
  return f32x4.extract_lane(x, 0);
}
// @ts-ignore: decorator
@inline
function lane1(x: v128): f32 {
  return f32x4.extract_lane(x, 1);
}
// @ts-ignore: decorator
@inline
function lane2(x: v128): f32 {
  return f32x4.extract_lane(x, 2);
}
// @ts-ignore: decorator
@inline
function lane3(x: v128): f32 {
  return f32x4.extract_lane(x, 3);
}

/*
 * Turns q and k of each row, copies v. Arguments: qkv [R,3·D], table [rows,d], position u32 [R], out, h, d, rows.
 * Item: one row.
 */
export function rope(args: usize, item: i32): void {
  const bytes = (<usize>arg(args, 5)) << 2, width = bytes * (<usize>arg(args, 4));
  const position = min(load<u32>(pointer(args, 2) + ((<usize>item) << 2)), <u32>arg(args, 6) - 1);
  const table = pointer(args, 1) + (<usize>position) * bytes;
  const x = pointer(args, 0) + (<usize>item) * 3 * width, out = pointer(args, 3) + (<usize>item) * 3 * width;
  for (let at: usize = 0; at < 2 * width; at += bytes) turn(x + at, out + at, table, bytes);
  memory.copy(out + 2 * width, x + 2 * width, width);
}

/** The signs of the first of each pair. */
const FIRST = memory.data<u32>([0x80000000, 0, 0x80000000, 0]);

/* Each adjacent pair (a, b) of one head by the table's (cos, sin): (a·cos − b·sin, b·cos + a·sin). */
// @ts-ignore: decorator
@inline
function turn(x: usize, out: usize, table: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const pairs = v128.load(x + at), turns = v128.load(table + at);
    const cosines = v128.shuffle<f32>(turns, turns, 0, 0, 2, 2), sines = v128.shuffle<f32>(turns, turns, 1, 1, 3, 3);
    const across = f32x4.mul(v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2), v128.xor(sines, v128.load(FIRST)));
    v128.store(out + at, f32x4.add(f32x4.mul(pairs, cosines), across));
  }
  for (; at < bytes; at += 8) {
    const a = load<f32>(x + at), b = load<f32>(x + at, 4);
    const cosine = load<f32>(table + at), sine = load<f32>(table + at, 4);
    store<f32>(out + at, a * cosine - b * sine);
    store<f32>(out + at, b * cosine + a * sine, 4);
  }
}
