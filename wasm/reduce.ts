// Reductions: means over axes.
import { arg, pointer } from "./simd";

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
