// Reductions: means over axes, and products with weight matrices.
import { arg, madd, pointer, splat, sum4 } from "./simd";

/*
 * out[o, i] = mean over r of x[o, r, i].
 * Arguments: x, out, length of r, length of i. Item: one o. Sums are f64, in the order of r.
 */
export function mean(args: usize, item: i32): void {
  const count = arg(args, 2), inner = arg(args, 3);
  const x = pointer(args, 0) + ((<usize> (item * count * inner)) << 2);
  const out = pointer(args, 1) + ((<usize> (item * inner)) << 2);
  for (let i = 0; i < inner; i++) {
    let sum: f64 = 0;
    for (let r = 0; r < count; r++) sum += <f64> load<f32>(x + ((<usize> (r * inner + i)) << 2));
    store<f32>(out + ((<usize> i) << 2), <f32> (sum / <f64> count));
  }
}

/*
 * out[row, o] = Σ_c x[row, c]·w[o, c] + bias[o].
 * Arguments: x, w [O,C], bias or 0, out, C, O. Item: one row.
 */
export function linear(args: usize, item: i32): void {
  const bias = pointer(args, 2), channels = arg(args, 4), outputs = arg(args, 5);
  const x = pointer(args, 0) + ((<usize> (item * channels)) << 2);
  const out = pointer(args, 3) + ((<usize> (item * outputs)) << 2);
  let w = pointer(args, 1);
  for (let o = 0; o < outputs; o++, w += (<usize> channels) << 2) {
    let sums = splat(0);
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const at = (<usize> c) << 2;
      sums = madd(v128.load(x + at), v128.load(w + at), sums);
    }
    let sum = sum4(sums);
    for (; c < channels; c++) {
      const at = (<usize> c) << 2;
      sum += load<f32>(x + at) * load<f32>(w + at);
    }
    store<f32>(out + ((<usize> o) << 2), bias ? sum + load<f32>(bias + ((<usize> o) << 2)) : sum);
  }
}
