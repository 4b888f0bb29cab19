// Cross-entropy, and the gradients of embeddings.
import { arg, exp4, pointer, splat, sum4 } from "./simd";

/*
 * out[w] = Σ dy[i] over the i whose index is w, in their order (an index beyond the table is its last row's).
 * Arguments: index u32 [I], dy [I,D], out [V,D], I, D, V, rows of one item. Item: some rows of the table.
 */
// @training
export function embeddingGrad(args: usize, item: i32): void {
  const count = arg(args, 3), vocabSize = arg(args, 5), rows = arg(args, 6), first = item * rows;
  const last = min(first + rows, vocabSize), bytes = (<usize>arg(args, 4)) << 2;
  const out = pointer(args, 2);
  let index = pointer(args, 0), dy = pointer(args, 1);
  memory.fill(out + (<usize>first) * bytes, 0, (<usize>(last - first)) * bytes);
  for (let i = 0; i < count; i++, index += 4, dy += bytes) {
    const token = <i32>min(load<u32>(index), <u32>vocabSize - 1);
    if (token < first || token >= last) continue;
    const to = out + (<usize>token) * bytes;
    let c: usize = 0;
    for (; c + 16 <= bytes; c += 16) v128.store(to + c, f32x4.add(v128.load(to + c), v128.load(dy + c)));
    for (; c < bytes; c += 4) store<f32>(to + c, load<f32>(to + c) + load<f32>(dy + c));
  }
}

/*
 * out[r] = log Σ exp(logits[r]) − logits[r, target[r]]. Arguments: logits [R,V], target u32 [R], out, R, V, rows of one
 * item. Item: some rows.
 */
// @training
export function crossEntropy(args: usize, item: i32): void {
  const vocabSize = arg(args, 4), each = arg(args, 5), last = min(arg(args, 3), (item + 1) * each);
  for (let r = item * each; r < last; r++) {
    const row = pointer(args, 0) + ((<usize>(r * vocabSize)) << 2);
    const target = min(load<u32>(pointer(args, 1) + ((<usize>r) << 2)), <u32>vocabSize - 1);
    const most = largestOf(row, vocabSize);
    const loss = <f64>most + NativeMath.log(total(row, vocabSize, most)) - <f64>load<f32>(row + ((<usize>target) << 2));
    store<f32>(pointer(args, 2) + ((<usize>r) << 2), <f32>loss);
  }
}

/*
 * out[r] = (exp(logits[r] − total) − target)·dy[r], total = loss[r] + logits[r, target[r]] the logarithm of Σ exp(logits).
 * Arguments: logits, target, loss, dy [R], out [R,V] (logits may lie there), R, V, rows of one item. Item: some rows.
 */
// @training
export function crossEntropyGrad(args: usize, item: i32): void {
  const vocabSize = arg(args, 6), each = arg(args, 7), last = min(arg(args, 5), (item + 1) * each);
  for (let r = item * each; r < last; r++) {
    const at = (<usize>(r * vocabSize)) << 2, row = pointer(args, 0) + at, out = pointer(args, 4) + at;
    const target = (<usize>min(load<u32>(pointer(args, 1) + ((<usize>r) << 2)), <u32>vocabSize - 1)) << 2;
    const loss = load<f32>(pointer(args, 2) + ((<usize>r) << 2)), dy = load<f32>(pointer(args, 3) + ((<usize>r) << 2));
    const total = loss + load<f32>(row + target);
    // exp hides what is not a number; the difference, zero otherwise, lets it through.
    const factor = splat(dy + (total - total));
    // The target's own: a probability near one is taken from it before it is rounded.
    const hit = <f64>f32x4.extract_lane(exp4(splat(-loss)), 0) - 1;
    let i = 0;
    for (; i + 4 <= vocabSize; i += 4) {
      const four = exp4(f32x4.sub(v128.load(row + ((<usize>i) << 2)), splat(total)));
      v128.store(out + ((<usize>i) << 2), f32x4.mul(four, factor));
    }
    if (i < vocabSize) {
      const rest = f32x4.mul(weights(row, i, vocabSize, total), factor);
      for (; i < vocabSize; i++) store<f32>(out + ((<usize>i) << 2), lane(rest, i & 3));
    }
    store<f32>(out + target, <f32>(hit * <f64>(dy + (total - total))));
  }
}

function largestOf(row: usize, vocabSize: i32): f32 {
  let i = 0, four = splat(-Infinity), most: f32 = -Infinity;
  for (; i + 4 <= vocabSize; i += 4) four = f32x4.max(four, v128.load(row + ((<usize>i) << 2)));
  for (; i < vocabSize; i++) most = max(most, load<f32>(row + ((<usize>i) << 2)));
  return max(max(most, max(lane(four, 0), lane(four, 1))), max(lane(four, 2), lane(four, 3)));
}

/** Σ exp(x − most); not a number where `most` is none. */
function total(row: usize, vocabSize: i32, most: f32): f64 {
  let sum: f64 = 0, i = 0;
  while (i + 8 <= vocabSize) {
    let s0 = splat(0), s1 = s0;
    for (const stop = min(vocabSize & ~7, i + RUN); i < stop; i += 8) {
      const at = row + ((<usize>i) << 2);
      s0 = f32x4.add(s0, exp4(f32x4.sub(v128.load(at), splat(most))));
      s1 = f32x4.add(s1, exp4(f32x4.sub(v128.load(at, 16), splat(most))));
    }
    sum += <f64>sum4(f32x4.add(s0, s1));
  }
  for (; i < vocabSize; i += 4) {
    const four = weights(row, i, vocabSize, most);
    for (let j = 0; j < min(4, vocabSize - i); j++) sum += <f64>lane(four, j);
  }
  return sum + <f64>(most - most);
}

/** Values that are added in f32 before they are in f64. */
const RUN: i32 = 512;

/** Four of exp(x − most), where as many are left. */
function weights(row: usize, i: i32, vocabSize: i32, most: f32): v128 {
  const at = row + ((<usize>i) << 2);
  if (i + 4 <= vocabSize) return exp4(f32x4.sub(v128.load(at), splat(most)));
  let x = v128.load32_zero(at);
  if (i + 1 < vocabSize) x = f32x4.replace_lane(x, 1, load<f32>(at, 4));
  if (i + 2 < vocabSize) x = f32x4.replace_lane(x, 2, load<f32>(at, 8));
  return exp4(f32x4.sub(x, splat(most)));
}

function lane(x: v128, i: i32): f32 {
  return i == 0
    ? f32x4.extract_lane(x, 0)
    : i == 1
    ? f32x4.extract_lane(x, 1)
    : i == 2
    ? f32x4.extract_lane(x, 2)
    : f32x4.extract_lane(x, 3);
}
