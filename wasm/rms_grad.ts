// Gradients of RMSNorm: with r = 1/√(mean x² + eps) and x̂ = x·r by row.
import { arg, madd, pointer, splat, sum4 } from "./simd";

/** Rows of one item, by x and by weight. */
const ROWS: i32 = 16;
const SUMMED: i32 = 128;

/*
 * out = r·(w·dy − x̂·mean(w·dy·x̂)) = r·w·dy − x·r³·mean(w·dy·x).
 * Arguments: x, weight [D], dy, out [R,D], R, D, eps (f32 bits). Item: 16 rows.
 */
// @training
export function rmsNormGrad(args: usize, item: i32): void {
  const width = arg(args, 5), eps = <f64>reinterpret<f32>(arg(args, 6)), weight = pointer(args, 1);
  const bytes = (<usize>width) << 2, vectors = (<usize>(width & ~3)) << 2, first = item * ROWS;
  let at = (<usize>first) * bytes;
  for (let row = min(ROWS, arg(args, 4) - first); row > 0; row--, at += bytes) {
    const x = pointer(args, 0) + at, dy = pointer(args, 2) + at, out = pointer(args, 3) + at;
    let squares = splat(0), products = splat(0);
    for (let c: usize = 0; c < vectors; c += 16) {
      const value = v128.load(x + c);
      squares = madd(value, value, squares);
      products = madd(f32x4.mul(v128.load(weight + c), v128.load(dy + c)), value, products);
    }
    let square = <f64>sum4(squares), product = <f64>sum4(products);
    for (let c = vectors; c < bytes; c += 4) {
      const value = <f64>load<f32>(x + c);
      square += value * value, product += <f64>load<f32>(weight + c) * <f64>load<f32>(dy + c) * value;
    }
    const r = 1 / sqrt(square / <f64>width + eps);
    const scale = <f32>r, back = <f32>(-r * r * r * product / <f64>width);
    for (let c: usize = 0; c < vectors; c += 16) {
      const own = f32x4.mul(f32x4.mul(v128.load(weight + c), v128.load(dy + c)), splat(scale));
      v128.store(out + c, madd(v128.load(x + c), splat(back), own));
    }
    for (let c = vectors; c < bytes; c += 4) {
      store<f32>(out + c, load<f32>(weight + c) * load<f32>(dy + c) * scale + load<f32>(x + c) * back);
    }
  }
}

/*
 * out[item] = Σ dy·x̂ over 128 rows. Arguments: x, dy [R,D], out [⌈R/128⌉,D], R, D, eps (f32 bits). Item: 128 rows.
 */
// @training
export function rmsNormWeightGrad(args: usize, item: i32): void {
  const width = arg(args, 4), eps = <f64>reinterpret<f32>(arg(args, 5)), first = item * SUMMED;
  const bytes = (<usize>width) << 2, vectors = (<usize>(width & ~3)) << 2;
  const out = pointer(args, 2) + (<usize>item) * bytes;
  memory.fill(out, 0, bytes);
  let at = (<usize>first) * bytes;
  for (let row = min(SUMMED, arg(args, 3) - first); row > 0; row--, at += bytes) {
    const x = pointer(args, 0) + at, dy = pointer(args, 1) + at;
    let squares = splat(0);
    for (let c: usize = 0; c < vectors; c += 16) {
      const value = v128.load(x + c);
      squares = madd(value, value, squares);
    }
    let square = <f64>sum4(squares);
    for (let c = vectors; c < bytes; c += 4) square += <f64>load<f32>(x + c) * <f64>load<f32>(x + c);
    const r = <f32>(1 / sqrt(square / <f64>width + eps));
    for (let c: usize = 0; c < vectors; c += 16) {
      v128.store(out + c, madd(f32x4.mul(v128.load(x + c), splat(r)), v128.load(dy + c), v128.load(out + c)));
    }
    for (let c = vectors; c < bytes; c += 4) store<f32>(out + c, load<f32>(out + c) + load<f32>(x + c) * r * load<f32>(dy + c));
  }
}
