// Functions of two tensors, broadcast: out[i] = f(lhs[l], rhs[r]), f as src/graph/functions.ts says; the switch of its name
// chooses it
//
// lhs, rhs  f32; LEFT{axis} and RIGHT{axis} are their strides along the axes of out, 0 where they repeat
// out       f32, SIZE elements in AXES axes of lengths LENGTH{axis}
//
// A thread does one element. SAME: no broadcasting.

@group(0) @binding(0) var<storage, read_write> lhs: array<f32>;
@group(0) @binding(1) var<storage, read_write> rhs: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include numbers
#include each_element

fn f(a: f32, b: f32) -> f32 {
#if ADD
  return a + b;
#end
#if SUB
  return a - b;
#end
#if MUL
  return a * b;
#end
#if DIV
  return a / b;
#end
// What drivers make of NaN in comparisons is their choice.
#if MAXIMUM
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  return max(a, b);
#end
#if MINIMUM
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  return min(a, b);
#end
#if GREATER
  return select(0.0, 1.0, a > b && !is_nan(a) && !is_nan(b));
#end
}

fn element(i: u32) {
#if SAME
  let l = i;
  let r = i;
#else
  var l = 0u;
  var r = 0u;
  var rest = i;
  // Axes are numbered from the innermost.
#for axis < AXES
  l += rest % LENGTH{axis} * LEFT{axis};
  r += rest % LENGTH{axis} * RIGHT{axis};
  rest /= LENGTH{axis};
#end
#end
  out[i] = f(lhs[l], rhs[r]);
}
