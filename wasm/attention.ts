// Causal attention by head over a cache, and rotary positions.
import { loadHalves, storeHalves } from "./halves";
import { arg, exp4, madd, pointer, splat, sum4 } from "./simd";

/*
 * Writes k and v of one row to the cache at its position, then lets q attend: out = Σ_i softmax_i(q·k_i/√d)·v_i.
 * With a table, q and k are turned first.
 *
 * Arguments: qkv [R,3·D], cache [R,2,h,P,d] of f32 or f16, position u32 [R], table [rows,d] or 0, out [R,D], h, d, P,
 * whether the cache holds f16. Item: one (row, head). Scratch: d values of q, then P scores up to a multiple of 4; and
 * for a cache of f16 the head's keys and values as f32.
 */
export function attentionStep(args: usize, item: i32, scratch: usize): void {
  const table = pointer(args, 3), heads = arg(args, 5), d = arg(args, 6), positions = arg(args, 7);
  const row = item / heads, head = item % heads;
  const at = <usize>min(load<u32>(pointer(args, 2) + ((<usize>row) << 2)), <u32>positions - 1);
  const bytes = (<usize>d) << 2, width = bytes * (<usize>heads);
  const q = pointer(args, 0) + (<usize>row) * 3 * width + (<usize>head) * bytes;
  const halves = arg(args, 8) != 0, step = halves ? bytes >> 1 : bytes;
  let keys = pointer(args, 1) + (<usize>((row * 2 * heads + head) * positions)) * step;
  let values = keys + (<usize>(heads * positions)) * step;
  const scores = scratch + bytes, fresh = scores + ((<usize>positions + 3) << 2);
  const key = halves ? fresh : keys + at * bytes;
  if (table) {
    turn(q, scratch, table + at * bytes, bytes);
    turn(q + width, key, table + at * bytes, bytes);
  } else {
    memory.copy(scratch, q, bytes);
    memory.copy(key, q + width, bytes);
  }
  if (halves) {
    storeHalves(key, keys + at * step, d);
    storeHalves(q + 2 * width, values + at * step, d);
    const count = (<i32>at + 1) * d, expanded = fresh + (<usize>count << 2);
    loadHalves(keys, fresh, count);
    loadHalves(values, expanded, count);
    keys = fresh, values = expanded;
  } else memory.copy(values + at * bytes, q + 2 * width, bytes);
  const out = pointer(args, 4) + (<usize>row) * width + (<usize>head) * bytes;
  attend(scratch, keys, values, bytes, <i32>at + 1, bytes, out, scores);
}

/** One query over `count` keys and values, `step` bytes apart. `bytes`: of a head. Scores: `count`, up to four more. */
export function attend(
  q: usize,
  keys: usize,
  values: usize,
  step: usize,
  count: i32,
  bytes: usize,
  out: usize,
  scores: usize,
): void {
  const scale: f32 = 1 / sqrt<f32>(<f32>(bytes >> 2));
  const last = <usize>(count - 1);
  let largest: f32 = -Infinity;
  for (let i: usize = 0; i <= last; i += 4) {
    // Beyond the last key, the last again: its scores are made zero weights below.
    const a = keys + i * step, b = keys + min(i + 1, last) * step;
    const c = keys + min(i + 2, last) * step, d = keys + min(i + 3, last) * step;
    let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      const x = v128.load(q + at);
      s0 = madd(x, v128.load(a + at), s0);
      s1 = madd(x, v128.load(b + at), s1);
      s2 = madd(x, v128.load(c + at), s2);
      s3 = madd(x, v128.load(d + at), s3);
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
  // exp hides what is not a number; the difference, zero otherwise, lets it through.
  const inverse = splat(1 / total + (largest - largest));
  let at: usize = 0;
  for (; at + 128 <= bytes; at += 128) {
    let s0 = splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    let v = values + at;
    for (let i: usize = 0; i <= last; i++, v += step) {
      const w = v128.load32_splat(scores + (i << 2));
      s0 = madd(w, v128.load(v), s0), s1 = madd(w, v128.load(v, 16), s1);
      s2 = madd(w, v128.load(v, 32), s2), s3 = madd(w, v128.load(v, 48), s3);
      s4 = madd(w, v128.load(v, 64), s4), s5 = madd(w, v128.load(v, 80), s5);
      s6 = madd(w, v128.load(v, 96), s6), s7 = madd(w, v128.load(v, 112), s7);
    }
    const o = out + at;
    v128.store(o, f32x4.mul(s0, inverse)), v128.store(o, f32x4.mul(s1, inverse), 16);
    v128.store(o, f32x4.mul(s2, inverse), 32), v128.store(o, f32x4.mul(s3, inverse), 48);
    v128.store(o, f32x4.mul(s4, inverse), 64), v128.store(o, f32x4.mul(s5, inverse), 80);
    v128.store(o, f32x4.mul(s6, inverse), 96), v128.store(o, f32x4.mul(s7, inverse), 112);
  }
  for (; at < bytes; at += 16) {
    let s = splat(0), v = values + at;
    for (let i: usize = 0; i <= last; i++, v += step) {
      s = madd(v128.load32_splat(scores + (i << 2)), v128.load(v), s);
    }
    v128.store(out + at, f32x4.mul(s, inverse));
  }
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
