// Cross-entropy, and the gradients of embeddings.
import { arg, exp4, pointer, splat } from "./simd";

/*
 * out[w] = Σ dy[i] over the i whose index is w, in their order (an index beyond the table is its last row's).
 * Arguments: index u32 [I], dy [I,D], out [V,D], I, D, V, rows of one item. Item: some rows of the table.
 */
export function embeddingGrad(args: usize, item: i32): void {
  const count = arg(args, 3), words = arg(args, 5), rows = arg(args, 6), first = item * rows;
  const last = min(first + rows, words), bytes = (<usize>arg(args, 4)) << 2;
  const out = pointer(args, 2);
  let index = pointer(args, 0), dy = pointer(args, 1);
  memory.fill(out + (<usize>first) * bytes, 0, (<usize>(last - first)) * bytes);
  for (let i = 0; i < count; i++, index += 4, dy += bytes) {
    const word = <i32>min(load<u32>(index), <u32>words - 1);
    if (word < first || word >= last) continue;
    const to = out + (<usize>word) * bytes;
    for (let c: usize = 0; c < bytes; c += 4) store<f32>(to + c, load<f32>(to + c) + load<f32>(dy + c));
  }
}

/*
 * out[r] = log Σ exp(logits[r]) − logits[r, target[r]]. Arguments: logits [R,V], target u32 [R], out, V. Item: one row.
 */
export function crossEntropy(args: usize, item: i32): void {
  const words = arg(args, 3), row = pointer(args, 0) + ((<usize>(item * words)) << 2);
  const target = min(load<u32>(pointer(args, 1) + ((<usize>item) << 2)), <u32>words - 1);
  const most = largestOf(row, words);
  const loss = <f64>most + NativeMath.log(total(row, words, most)) - <f64>load<f32>(row + ((<usize>target) << 2));
  store<f32>(pointer(args, 2) + ((<usize>item) << 2), <f32>loss);
}

/*
 * out[r] = (softmax(logits[r]) − target)·dy[r]. Arguments: logits, target, dy [R], out [R,V], V. Item: one row.
 */
export function crossEntropyGrad(args: usize, item: i32): void {
  const words = arg(args, 4), at = (<usize>(item * words)) << 2, row = pointer(args, 0) + at;
  const target = min(load<u32>(pointer(args, 1) + ((<usize>item) << 2)), <u32>words - 1);
  const dy = load<f32>(pointer(args, 2) + ((<usize>item) << 2)), out = pointer(args, 3) + at;
  const most = largestOf(row, words), inverse = 1 / total(row, words, most);
  for (let i = 0; i < words; i += 4) {
    const four = weights(row, i, words, most);
    for (let j = i; j < min(i + 4, words); j++) {
      const hit: f64 = j == <i32>target ? 1 : 0;
      store<f32>(out + ((<usize>j) << 2), <f32>((<f64>lane(four, j - i) * inverse - hit) * <f64>dy));
    }
  }
}

function largestOf(row: usize, words: i32): f32 {
  let most = load<f32>(row);
  for (let i = 1; i < words; i++) most = max(most, load<f32>(row + ((<usize>i) << 2)));
  return most;
}

/** Σ exp(x − most); not a number where `most` is none. */
function total(row: usize, words: i32, most: f32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < words; i += 4) {
    const four = weights(row, i, words, most);
    for (let j = 0; j < min(4, words - i); j++) sum += <f64>lane(four, j);
  }
  return sum + <f64>(most - most);
}

/** Four of exp(x − most), where as many are left. */
function weights(row: usize, i: i32, words: i32, most: f32): v128 {
  const at = row + ((<usize>i) << 2);
  if (i + 4 <= words) return exp4(f32x4.sub(v128.load(at), splat(most)));
  let x = v128.load32_zero(at);
  if (i + 1 < words) x = f32x4.replace_lane(x, 1, load<f32>(at, 4));
  if (i + 2 < words) x = f32x4.replace_lane(x, 2, load<f32>(at, 8));
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
