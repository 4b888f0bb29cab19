// Gradients of functions of one tensor: out[i] = d·f'(x[i]), d = dy[i], or with GATED dy[i]·up[i]
//
//   SILU  f'(v) = s·(1 + v·(1 − s)), s = 1 / (1 + exp(−v))     LEAKY  f'(v) = 1, or SLOPE where v is not above 0
//
// x, dy, up, out f32, SIZE elements; a thread does one. Where x is NaN, so is the gradient.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
#if GATED
@group(0) @binding(3) var<storage, read_write> up: array<f32>;
#end

#include numbers
#include each_element

fn element(i: u32) {
  let v = x[i];
  if (is_nan(v)) {
    out[i] = v;
    return;
  }
#if GATED
  let d = dy[i] * up[i];
#else
  let d = dy[i];
#end
#if SILU
  let e = exp(-abs(v));
  let s = select(e, 1.0, v >= 0.0) / (1.0 + e);
  out[i] = d * (s + v * s * (1.0 - s));
#end
#if LEAKY
  out[i] = select(SLOPE * d, d, v > 0.0);
#end
}
