// Functions of one tensor: out[i] = f(x[i]), f as src/graph/functions.ts says; the switch of its name chooses it
//
// x, out  f32, SIZE elements. A thread does one element.
//
// SLOPE, LOW and HIGH are the parameters of those that have them; a bound that is not given is infinite. NaN stays NaN, but
// is between no bounds.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include swish
#include numbers
#include each_element

#if SOFTPLUS
// log(1 + e) for e from 0 to 1: by its series where 1 + e would lose digits.
fn log_one_plus(e: f32) -> f32 {
  return select(log(1.0 + e), e * (1.0 - e * (0.5 - e * (1.0 / 3.0 - e * 0.25))), e < 0.01);
}
#end

fn f(v: f32) -> f32 {
#if SQRT
  return sqrt(v);
#end
#if SILU
  return swish(vec4f(v)).x;
#end
#if EXP
  return exp(v);
#end
#if LOG
  return log(v);
#end
#if SIGMOID
  let e = exp(-abs(v));
  return select(e, 1.0, v >= 0.0) / (1.0 + e);
#end
#if TANH
  // Beyond these it is ±1, and drivers may overflow.
  return tanh(clamp(v, -10.0, 10.0));
#end
#if SOFTPLUS
  return max(v, 0.0) + log_one_plus(exp(-abs(v)));
#end
#if GELU
  let u = 1.5957691216057308 * (v + 0.044715 * v * v * v);
  let e = exp(-abs(u));
  return v * select(e, 1.0, u >= 0.0) / (1.0 + e);
#end
#if ABS
  return abs(v);
#end
#if SIGN
  return sign(v);
#end
#if RELU
  return max(v, 0.0);
#end
#if LEAKY_RELU
  return select(SLOPE * v, v, v > 0.0);
#end
#if CLAMP
  var nearest = v;
#if HIGH
  nearest = min(nearest, HIGH);
#end
#if LOW
  nearest = max(nearest, LOW);
#end
  return nearest;
#end
#if BETWEEN
#if LOW
  let above = v > LOW;
#else
  let above = !is_infinite(v) || v > 0.0;
#end
#if HIGH
  let below = v < HIGH;
#else
  let below = !is_infinite(v) || v < 0.0;
#end
  return select(0.0, 1.0, above && below);
#end
}

fn element(i: u32) {
  let v = x[i];
  if (is_nan(v)) {
#if BETWEEN
    out[i] = 0.0;
#else
    out[i] = v;
#end
    return;
  }
  out[i] = f(v);
}
