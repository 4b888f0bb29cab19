// pad: out[i_0, …] = x[i_0 − BEFORE0, …]; outside of x 0, or the nearest element of x with REPLICATE
//
// x, out f32 with AXES axes, counted from the innermost. Along an axis, out has LENGTH{axis} entries; x has OWN{axis} entries
// with a stride of STRIDE{axis} elements and begins at entry BEFORE{axis} of out. SIZE elements of out; a thread does one.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  var at = 0u;
  var rest = i;
  var inside = true;
#for axis < AXES
  {
    let place = rest % LENGTH{axis};
    let held = clamp(place, BEFORE{axis}, BEFORE{axis} + OWN{axis} - 1);
    inside = inside && held == place;
    at += (held - BEFORE{axis}) * STRIDE{axis};
    rest /= LENGTH{axis};
  }
#end
#if REPLICATE
  out[i] = x[at];
#else
  var v = 0.0;
  if (inside) { v = x[at]; }
  out[i] = v;
#end
}
