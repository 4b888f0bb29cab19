// guide: out[n, v] = uncond + scale[n] · (cond − uncond), cond = logits[n, v], uncond = logits[N + n, v]
//
// logits f32 [2·N, V], scale f32 [N], out f32 [N, V], SIZE elements. A thread does one element.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> scale: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let uncond = logits[SIZE + i];
  out[i] = uncond + scale[i / V] * (logits[i] - uncond);
}
