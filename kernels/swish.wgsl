// swish(v) = v · sigmoid(v), included by other kernels
//
// The exponential is taken of −|v|: for no v does it overflow, and NaN stays NaN.
fn swish(v: vec4f) -> vec4f {
  let e = exp(-abs(v));
  return v * select(e, vec4f(1.0), v >= vec4f()) / (1.0 + e);
}
