// Functions of one tensor: out[i] = f(x[i]); a switch says which f
//
//   EXP exp(v)   LOG log(v)   SIGMOID 1 / (1 + exp(−v))   SOFTPLUS log(1 + exp(v))   ABS |v|   SIGN −1, 0 or 1
//   LEAKY v, or SLOPE·v where not above 0   CLAMP v held to [LOW, HIGH]   BETWEEN 1 where LOW < v < HIGH, else 0
//
// x, out f32, SIZE elements; a thread does one. LOWER and UPPER: there is a LOW and a HIGH; a bound that is not there is
// infinite. NaN stays NaN, but is between no bounds.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include numbers
#include linear_index

// log(1 + e) for e from 0 to 1: by its series where 1 + e would lose digits.
fn log_one_plus(e: f32) -> f32 {
  return select(log(1.0 + e), e * (1.0 - e * (0.5 - e * (1.0 / 3.0 - e * 0.25))), e < 0.01);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
  let v = x[i];
#if BETWEEN
  var inside = !is_nan(v);
#if LOWER
  inside = inside && v > LOW;
#else
  inside = inside && !(is_infinite(v) && v < 0.0);
#end
#if UPPER
  inside = inside && v < HIGH;
#else
  inside = inside && !(is_infinite(v) && v > 0.0);
#end
  out[i] = select(0.0, 1.0, inside);
#else
  if (is_nan(v)) {
    out[i] = v;
    return;
  }
#end
#if EXP
  out[i] = exp(v);
#end
#if LOG
  out[i] = log(v);
#end
#if SIGMOID
  let e = exp(-abs(v));
  out[i] = select(e, 1.0, v >= 0.0) / (1.0 + e);
#end
#if SOFTPLUS
  out[i] = max(v, 0.0) + log_one_plus(exp(-abs(v)));
#end
#if ABS
  out[i] = abs(v);
#end
#if SIGN
  out[i] = sign(v);
#end
#if LEAKY
  out[i] = select(SLOPE * v, v, v > 0.0);
#end
#if CLAMP
  var held = v;
#if UPPER
  held = min(held, HIGH);
#end
#if LOWER
  held = max(held, LOW);
#end
  out[i] = held;
#end
}
