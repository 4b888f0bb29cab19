// A step of Adam, with the parameters' moving average: every array is read and written once.
import { ELEMENT_BLOCK } from "./blocks";
import { arg, madd, pointer, splat } from "./simd";

/*
 * With g = scale·gradient and step = (rate, rate/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ)), in place:
 * m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², p ← p·(1 − rate·decay) − step₁·m/(√v·step₂ + eps),
 * average ← average + (1 − averageDecay)·(p − average).
 * Where u32 `when` is 0, nothing is. Arguments: p, m, v, average or 0, gradient, step, scale or 0, elements, then as f32
 * bits: β₁, 1 − β₁, β₂, 1 − β₂, eps, decay, 1 − averageDecay; when or 0. Item: a block of 4096 elements (buffers are padded to 16 bytes).
 */
// @training
export function adam(args: usize, item: i32): void {
  const when = pointer(args, 15);
  if (when != 0 && load<u32>(when) == 0) return;
  const begin = (<usize>(item * ELEMENT_BLOCK)) << 2;
  const bytes = (<usize>min(ELEMENT_BLOCK, arg(args, 7) - item * ELEMENT_BLOCK)) << 2;
  const step = pointer(args, 5), averages = pointer(args, 3);
  const scale = splat(pointer(args, 6) ? load<f32>(pointer(args, 6)) : 1);
  const kept = splat(1 - load<f32>(step) * number(args, 13));
  const size = splat(-load<f32>(step, 4)), factor = splat(load<f32>(step, 8));
  const beta1 = splat(number(args, 8)), rest1 = splat(number(args, 9));
  const beta2 = splat(number(args, 10)), rest2 = splat(number(args, 11));
  const eps = splat(number(args, 12)), rest = splat(number(args, 14));
  let p = pointer(args, 0) + begin, m = pointer(args, 1) + begin, v = pointer(args, 2) + begin;
  let gradient = pointer(args, 4) + begin, average = averages + begin;
  for (const end = p + bytes; p < end; p += 16, m += 16, v += 16, gradient += 16, average += 16) {
    const g = f32x4.mul(v128.load(gradient), scale);
    const first = madd(beta1, v128.load(m), f32x4.mul(rest1, g));
    const second = madd(beta2, v128.load(v), f32x4.mul(rest2, f32x4.mul(g, g)));
    const change = f32x4.div(first, madd(f32x4.sqrt(second), factor, eps));
    const value = madd(size, change, f32x4.mul(v128.load(p), kept));
    v128.store(m, first), v128.store(v, second), v128.store(p, value);
    if (averages) {
      const before = v128.load(average);
      v128.store(average, madd(rest, f32x4.sub(value, before), before));
    }
  }
}

// @ts-ignore: decorator
@inline
function number(args: usize, i: i32): f32 {
  return reinterpret<f32>(arg(args, i));
}
