// group_norm_grad, first pass: means over groups, out[n, k, c] = sum over c' in the group of c of w[c']·sums[n, k, c'] / COUNT
//
// sums f32 [N, 2, C], weight f32 [C] = w, or [N, C] if EACH, out f32 [N, 2, C], SIZE elements. COUNT elements of x are in a
// group, of WIDTH channels. A thread does one element.

@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let c = i % C / WIDTH * WIDTH;
  let base = i / C * C + c;
#if EACH
  let w = i / (2 * C) * C + c;
#else
  let w = c;
#end
  var sum = 0.0;
  for (var k = 0u; k < WIDTH; k++) { sum += weight[w + k] * sums[base + k]; }
  out[i] = sum / f32(COUNT);
}
