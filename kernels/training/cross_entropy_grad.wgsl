// cross_entropy_grad: out[r, w] = (exp(logits[r, w] − logits[r, t] − loss[r]) − [w = t])·dy[r],
//   t = min(goal[r], VOCAB_SIZE − 1)
//
// logits, out f32 [R, VOCAB_SIZE], SIZE elements; goal u32 [R], loss, dy f32 [R]. A thread does one element.

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> goal: array<u32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let r = i / VOCAB_SIZE;
  let t = min(goal[r], VOCAB_SIZE - 1);
  let hit = select(0.0, 1.0, i % VOCAB_SIZE == t);
  out[i] = (exp(logits[i] - logits[r * VOCAB_SIZE + t] - loss[r]) - hit) * dy[r];
}
