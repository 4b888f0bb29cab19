// Random words, guidance, and the drawing of tokens. Every step is exact or rounds as the reference does, so that the
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
  const words = arg(args, 4), row = (<usize>words) << 2;
  const cond = pointer(args, 0) + (<usize>item) * row, uncond = cond + (<usize>arg(args, 3)) * row;
  const scale = load<f32>(pointer(args, 1) + ((<usize>item) << 2));
  const out = pointer(args, 2) + (<usize>item) * row;
  for (let i: usize = 0; i < row; i += 4) {
    const u = load<f32>(uncond + i);
    store<f32>(out + i, u + scale * (load<f32>(cond + i) - u));
  }
}

/** What is drawn from logits that are not numbers. */
const INVALID: u32 = 0xffffffff;

/*
 * Draws a word from each row; see the op. Arguments: logits [N,V], temperature, topK u32, topP, random u32 [N,4],
 * out u32 [repeat·N], N, V, word, repeat. Item: one n. Scratch: 16·V bytes: weights f64, scaled logits f32, heap u32.
 */
export function sample(args: usize, item: i32, scratch: usize): void {
  const n = arg(args, 6), words = arg(args, 7), at = (<usize>item) << 2;
  const drawn = draw(
    pointer(args, 0) + ((<usize>(item * words)) << 2),
    words,
    load<f32>(pointer(args, 1) + at),
    load<u32>(pointer(args, 2) + at),
    load<f32>(pointer(args, 3) + at),
    load<u32>(pointer(args, 4) + (at << 2) + ((<usize>arg(args, 8)) << 2)),
    scratch,
  );
  for (let copy = 0; copy < arg(args, 9); copy++) {
    store<u32>(pointer(args, 5) + ((<usize>(copy * n + item)) << 2), drawn);
  }
}

function draw(
  logits: usize,
  words: i32,
  temperature: f32,
  topK: u32,
  topP: f32,
  random: u32,
  scratch: usize,
): u32 {
  const weights = scratch, y = scratch + ((<usize>words) << 3), heap = y + ((<usize>words) << 2);
  let best = 0;
  for (let i = 0; i < words; i++) {
    const logit = load<f32>(logits + ((<usize>i) << 2));
    if (isNaN(logit)) return INVALID;
    if (logit > load<f32>(logits + ((<usize>best) << 2))) best = i;
    store<f32>(y + ((<usize>i) << 2), logit / temperature);
  }
  if (temperature == 0) return best;

  const largest = <f64>load<f32>(y + ((<usize>best) << 2));
  let threshold: f32 = -Infinity;
  if (topK > 0 && topK < <u32>words) {
    makeHeap(heap, words, y);
    for (let k: u32 = 1; k < topK; k++) popHeap(heap, words - <i32>k + 1, y);
    threshold = load<f32>(y + ((<usize>load<u32>(heap)) << 2));
  }
  let total: f64 = 0;
  for (let i = 0; i < words; i++) {
    const value = load<f32>(y + ((<usize>i) << 2));
    const weight = value >= threshold ? exp(<f64>value - largest) : 0.0;
    total += weight;
    store<f64>(weights + ((<usize>i) << 3), weight);
  }
  if (topP < 1) total = keepTopP(weights, words, y, heap, <f64>topP * total);

  const target = <f64>(random >> 8) / 16777216.0 * total;
  let sum: f64 = 0;
  for (let i = 0; i < words; i++) {
    sum += load<f64>(weights + ((<usize>i) << 3));
    if (sum > target) return i;
  }
  return INVALID;
}

/** Makes zero, in descending order of y, the weights before which the others sum to more than `limit`; gives the sum. */
function keepTopP(weights: usize, words: i32, y: usize, heap: usize, limit: f64): f64 {
  makeHeap(heap, words, y);
  let before: f64 = 0, left = words;
  while (left > 0 && before <= limit) {
    before += load<f64>(weights + ((<usize>load<u32>(heap)) << 3));
    popHeap(heap, left--, y);
  }
  for (let i = 0; i < left; i++) store<f64>(weights + ((<usize>load<u32>(heap + ((<usize>i) << 2))) << 3), 0);
  let total: f64 = 0;
  for (let i = 0; i < words; i++) total += load<f64>(weights + ((<usize>i) << 3));
  return total;
}

/** Whether word a comes before word b: by its y, then by its index. */
// @ts-ignore: decorator
@inline
function comesBefore(a: u32, b: u32, y: usize): bool {
  const p = load<f32>(y + ((<usize>a) << 2)), q = load<f32>(y + ((<usize>b) << 2));
  return p > q || (p == q && a < b);
}

/** A heap of all words, the first one on top. */
function makeHeap(heap: usize, words: i32, y: usize): void {
  for (let i = 0; i < words; i++) store<u32>(heap + ((<usize>i) << 2), i);
  for (let i = (words >> 1) - 1; i >= 0; i--) sink(heap, i, words, y);
}

/** Takes the top off a heap of `size` words. */
function popHeap(heap: usize, size: i32, y: usize): void {
  store<u32>(heap, load<u32>(heap + ((<usize>(size - 1)) << 2)));
  sink(heap, 0, size - 1, y);
}

function sink(heap: usize, from: i32, size: i32, y: usize): void {
  if (from >= size) return;
  const word = load<u32>(heap + ((<usize>from) << 2));
  let i = from;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= size) break;
    let chosen = load<u32>(heap + ((<usize>child) << 2));
    if (child + 1 < size) {
      const other = load<u32>(heap + ((<usize>child) << 2), 4);
      if (comesBefore(other, chosen, y)) {
        chosen = other;
        child++;
      }
    }
    if (!comesBefore(chosen, word, y)) break;
    store<u32>(heap + ((<usize>i) << 2), chosen);
    i = child;
  }
  store<u32>(heap + ((<usize>i) << 2), word);
}

/** exp(x) for x ≤ 0, step by step as the reference backend takes it. */
function exp(x: f64): f64 {
  if (!(x > -700)) return 0;
  const n = Math.floor(x * 1.4426950408889634 + 0.5);
  const r = x - n * 0.6931471803691238 - n * 1.9082149292705877e-10;
  let p: f64 = 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return p * reinterpret<f64>((<i64>n + 1023) << 52);
}
