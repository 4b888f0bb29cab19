// pad: out[i_0, …] = x[i_0 − BEFORE0, …]; outside of x 0, or with REPLICATE its nearest element
//
// x, out f32; along each of AXES axes, counted from the innermost, out has LENGTH{axis} entries, x OWN{axis}, in steps of
// STRIDE{axis} elements, BEFORE{axis} entries later. SIZE elements of out; a thread does one.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
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
