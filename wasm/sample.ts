// Random words, guidance, and the sampling of tokens. Every step is exact or rounds as the reference does, so that the
// same logits and random words give the same token everywhere: no fused steps, f64 sums in the order of the vocabulary.
import { arg, pointer } from "./simd";

/*
 * Philox4x32-10. Arguments: key u32 [N,2], counter u32 [N,4], out u32 [N,4]. Item: one n.
 */
export function philox(args: usize, item: i32): void {
  const key = pointer(args, 0) + ((<usize>item) << 3), counter = pointer(args, 1) + ((<usize>item) << 4);
  const out = pointer(args, 2) + ((<usize>item) << 4);
  let k0 = load<u32>(key), k1 = load<u32>(key, 4);
  let c0 = load<u32>(counter), c1 = load<u32>(counter, 4), c2 = load<u32>(counter, 8), c3 = load<u32>(counter, 12);
  for (let round = 0; round < 10; round++) {
    const a = <u64>c0 * 0xd2511f53, b = <u64>c2 * 0xcd9e8d57;
    c0 = <u32>(b >> 32) ^ c1 ^ k0;
    c1 = <u32>b;
    c2 = <u32>(a >> 32) ^ c3 ^ k1;
    c3 = <u32>a;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  store<u32>(out, c0);
  store<u32>(out, c1, 4);
  store<u32>(out, c2, 8);
  store<u32>(out, c3, 12);
}

/*
 * out[n] = uncond + scale[n]·(cond − uncond). Arguments: logits [2·N,V], scale [N], out [N,V], N, V. Item: one n.
 */
export function guide(args: usize, item: i32): void {
  const vocabSize = arg(args, 4), row = (<usize>vocabSize) << 2;
  const cond = pointer(args, 0) + (<usize>item) * row, uncond = cond + (<usize>arg(args, 3)) * row;
  const scale = load<f32>(pointer(args, 1) + ((<usize>item) << 2));
  const out = pointer(args, 2) + (<usize>item) * row;
  for (let i: usize = 0; i < row; i += 4) {
    const u = load<f32>(uncond + i);
    store<f32>(out + i, u + scale * (load<f32>(cond + i) - u));
  }
}

/** The token sampled from a row that contains NaN. */
const INVALID: u32 = 0xffffffff;

/*
 * Samples a token from each row; see the op. Arguments: logits [N,V], temperature, topK u32, topP, random u32 [N,4],
 * out u32 [repeat·N], N, V, word, repeat. Item: one n. Scratch: 20·V bytes: weights f64, heap u64, scaled logits f32.
 */
export function sample(args: usize, item: i32, scratch: usize): void {
  const n = arg(args, 6), vocabSize = arg(args, 7), at = (<usize>item) << 2;
  const sampled = sampleRow(
    pointer(args, 0) + ((<usize>(item * vocabSize)) << 2),
    vocabSize,
    load<f32>(pointer(args, 1) + at),
    load<u32>(pointer(args, 2) + at),
    load<f32>(pointer(args, 3) + at),
    load<u32>(pointer(args, 4) + (at << 2) + ((<usize>arg(args, 8)) << 2)),
    scratch,
  );
  for (let copy = 0; copy < arg(args, 9); copy++) {
    store<u32>(pointer(args, 5) + ((<usize>(copy * n + item)) << 2), sampled);
  }
}

function sampleRow(
  logits: usize,
  vocabSize: i32,
  temperature: f32,
  topK: u32,
  topP: f32,
  random: u32,
  scratch: usize,
): u32 {
  const weights = scratch, heap = weights + ((<usize>vocabSize) << 3), y = heap + ((<usize>vocabSize) << 3);
  const most = greatest(logits, vocabSize);
  if (isNaN(most)) return INVALID;
  if (temperature == 0) return firstOf(most, logits, vocabSize);

  divide(logits, vocabSize, temperature, y);
  const largest = most / temperature;
  let threshold: f32 = -Infinity;
  if (topK > 0 && topK < <u32>vocabSize) {
    for (let i = 0; i < vocabSize; i++) put(heap, i, key(load<f32>(y + ((<usize>i) << 2)), i));
    makeHeap(heap, vocabSize);
    for (let k: u32 = 1; k < topK; k++) popHeap(heap, vocabSize - <i32>k + 1);
    threshold = load<f32>(y + ((<usize>tokenOf(load<u64>(heap))) << 2));
  }
  let total = weigh(y, vocabSize, largest, threshold, weights);
  if (topP < 1) total = keepTopP(weights, vocabSize, y, heap, topP, total);

  const target = <f64>(random >> 8) / 16777216.0 * total;
  let sum: f64 = 0;
  for (let i = 0; i < vocabSize; i++) {
    sum += load<f64>(weights + ((<usize>i) << 3));
    if (sum > target) return i;
  }
  return INVALID;
}

/** The greatest of `vocabSize` logits; NaN if one of them is NaN. */
function greatest(logits: usize, vocabSize: i32): f32 {
  let most4 = f32x4.splat(-Infinity), most: f32 = -Infinity, i = 0;
  for (; i + 4 <= vocabSize; i += 4) most4 = f32x4.max(most4, v128.load(logits + ((<usize>i) << 2)));
  for (; i < vocabSize; i++) most = max(most, load<f32>(logits + ((<usize>i) << 2)));
  most = max(most, max(f32x4.extract_lane(most4, 0), f32x4.extract_lane(most4, 1)));
  return max(most, max(f32x4.extract_lane(most4, 2), f32x4.extract_lane(most4, 3)));
}

/** The first token with the given logit. */
function firstOf(logit: f32, logits: usize, vocabSize: i32): i32 {
  let i = 0;
  while (i < vocabSize && load<f32>(logits + ((<usize>i) << 2)) != logit) i++;
  return i;
}

function divide(logits: usize, vocabSize: i32, temperature: f32, y: usize): void {
  let i = 0;
  for (; i + 4 <= vocabSize; i += 4) {
    const at = (<usize>i) << 2;
    v128.store(y + at, f32x4.div(v128.load(logits + at), f32x4.splat(temperature)));
  }
  for (; i < vocabSize; i++) store<f32>(y + ((<usize>i) << 2), load<f32>(logits + ((<usize>i) << 2)) / temperature);
}

/** weights[i] = exp(y[i] − largest) from `threshold` on, else 0; gives their sum in the order of the vocabulary. */
function weigh(y: usize, vocabSize: i32, largest: f32, threshold: f32, weights: usize): f64 {
  const most = f64x2.splat(<f64>largest), least = f32x4.splat(threshold);
  let i = 0;
  for (; i + 4 <= vocabSize; i += 4) {
    const values = v128.load(y + ((<usize>i) << 2)), at = weights + ((<usize>i) << 3);
    const kept = f32x4.ge(values, least);
    const low = exp2(f64x2.sub(f64x2.promote_low_f32x4(values), most));
    const high = exp2(f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<i64>(values, values, 1, 1)), most));
    v128.store(at, v128.and(low, v128.shuffle<i32>(kept, kept, 0, 0, 1, 1)));
    v128.store(at, v128.and(high, v128.shuffle<i32>(kept, kept, 2, 2, 3, 3)), 16);
  }
  for (; i < vocabSize; i++) {
    const value = load<f32>(y + ((<usize>i) << 2));
    const weight = f64x2.extract_lane(exp2(f64x2.splat(<f64>value - <f64>largest)), 0);
    store<f64>(weights + ((<usize>i) << 3), value >= threshold ? weight : 0.0);
  }
  return sumOf(weights, vocabSize);
}

function sumOf(weights: usize, vocabSize: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < vocabSize; i++) total += load<f64>(weights + ((<usize>i) << 3));
  return total;
}

/**
 * Makes zero, in descending order of y, the weights before which the others sum to more than topP of the total; gives
 * the sum of those that stay. The weights that are too small to be among them, whatever sums round to, are not put in
 * order.
 */
function keepTopP(weights: usize, vocabSize: i32, y: usize, heap: usize, topP: f32, total: f64): f64 {
  const limit = <f64>topP * total, small = (1 - <f64>topP) * total / <f64>(2 * vocabSize);
  let left = 0;
  for (let i = 0; i < vocabSize; i++) {
    const weight = weights + ((<usize>i) << 3);
    if (load<f64>(weight) < small) store<f64>(weight, 0);
    else put(heap, left++, key(load<f32>(y + ((<usize>i) << 2)), i));
  }
  makeHeap(heap, left);
  let before: f64 = 0;
  while (left > 0 && before <= limit) {
    before += load<f64>(weights + ((<usize>tokenOf(load<u64>(heap))) << 3));
    popHeap(heap, left--);
  }
  for (let i = 0; i < left; i++) {
    store<f64>(weights + ((<usize>tokenOf(load<u64>(heap + ((<usize>i) << 3)))) << 3), 0);
  }
  return sumOf(weights, vocabSize);
}

/** A number for a token that is greater the earlier the token comes: by its y, then by its index. */
// @ts-ignore: decorator
@inline
function key(y: f32, token: i32): u64 {
  // Adding zero makes −0 and 0 the same.
  const bits = reinterpret<i32>(y + 0);
  const ordered = <u32>(bits ^ ((bits >> 31) & 0x7fffffff)) ^ 0x80000000;
  return (<u64>ordered << 32) | <u64>(~<u32>token);
}

/** The token of a key. */
// @ts-ignore: decorator
@inline
function tokenOf(key: u64): u32 {
  return ~(<u32>key);
}

// @ts-ignore: decorator
@inline
function put(heap: usize, i: i32, key: u64): void {
  store<u64>(heap + ((<usize>i) << 3), key);
}

/** Makes keys a heap, the greatest on top. */
function makeHeap(heap: usize, size: i32): void {
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(heap, i, size);
}

/** Takes the top off a heap of `size` keys. */
function popHeap(heap: usize, size: i32): void {
  put(heap, 0, load<u64>(heap + ((<usize>(size - 1)) << 3)));
  sink(heap, 0, size - 1);
}

function sink(heap: usize, from: i32, size: i32): void {
  if (from >= size) return;
  const sinking = load<u64>(heap + ((<usize>from) << 3));
  let i = from;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= size) break;
    let chosen = load<u64>(heap + ((<usize>child) << 3));
    if (child + 1 < size) {
      const other = load<u64>(heap + ((<usize>child) << 3), 8);
      if (other > chosen) {
        chosen = other;
        child++;
      }
    }
    if (chosen < sinking) break;
    put(heap, i, chosen);
    i = child;
  }
  put(heap, i, sinking);
}

/** Below it exp gives 0; factors of the reduction; 2^52 + 1023, which puts an exponent into the lowest bits. */
const LEAST = memory.data<f64>([-700, -700]);
const LOG2E = memory.data<f64>([1.4426950408889634, 1.4426950408889634]);
const LN2_HIGH = memory.data<f64>([0.6931471803691238, 0.6931471803691238]);
const LN2_LOW = memory.data<f64>([1.9082149292705877e-10, 1.9082149292705877e-10]);
const EXPONENT = memory.data<f64>([4503599627371519.0, 4503599627371519.0]);

/** exp(x) for two x ≤ 0, step by step as the reference backend takes it. */
function exp2(x: v128): v128 {
  const n = f64x2.floor(f64x2.add(f64x2.mul(x, v128.load(LOG2E)), f64x2.splat(0.5)));
  const r = f64x2.sub(
    f64x2.sub(x, f64x2.mul(n, v128.load(LN2_HIGH))),
    f64x2.mul(n, v128.load(LN2_LOW)),
  );
  let p = f64x2.splat(1.0 / 479001600.0);
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 39916800.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 3628800.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 362880.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 40320.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 5040.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 720.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 120.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 24.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 6.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.5));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0));
  const power = i64x2.shl(f64x2.add(n, v128.load(EXPONENT)), 52);
  return v128.and(f64x2.mul(p, power), f64x2.gt(x, v128.load(LEAST)));
}
