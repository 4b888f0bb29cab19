// adam: a step of Adam with the parameters' moving average, in place
//
// With g = scale·gradient and step = (rate, rate/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ)):
//   m ← BETA1·m + REST1·g     v ← BETA2·v + REST2·g²     p ← p·(1 − rate·DECAY) − step₁·m/(√v·step₂ + EPS)
//   average ← average + AVERAGE_REST·(p − average)
//
// All f32, SIZE elements; step [3], scale [1]. SCALED, AVERAGED, WHEN: there is a scale, an average, a condition, u32 [1],
// at which nothing is done where it is 0. A thread does one element.

@group(0) @binding(0) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(1) var<storage, read_write> first: array<f32>;
@group(0) @binding(2) var<storage, read_write> second: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> step_values: array<f32>;
#if AVERAGED
@group(0) @binding(5) var<storage, read_write> average: array<f32>;
#end
#if SCALED
@group(0) @binding(6) var<storage, read_write> scale: array<f32>;
#end
#if WHEN
@group(0) @binding(7) var<storage, read_write> condition: array<u32>;
#end

#include each_element

fn element(i: u32) {
#if WHEN
  if (condition[0] == 0) { return; }
#end
  var g = gradient[i];
#if SCALED
  g *= scale[0];
#end
  let m = BETA1 * first[i] + REST1 * g;
  let v = BETA2 * second[i] + REST2 * (g * g);
  let p = parameter[i] * (1.0 - step_values[0] * DECAY) - step_values[1] * m / (sqrt(v) * step_values[2] + EPS);
  first[i] = m;
  second[i] = v;
  parameter[i] = p;
#if AVERAGED
  average[i] = average[i] + AVERAGE_REST * (p - average[i]);
#end
}
