// rope: turns adjacent pairs of q and k by the angle of their position
//
//   (a, b) → (a·cos − b·sin, b·cos + a·sin), (cos, sin) = table[position[r], pair of the head]
//
// qkv, out f32 [R, 3·D]: q, k and v of D elements, in heads of HEAD; table f32 [positions, HEAD]; position u32 [R].
// A thread does one of SIZE elements; v is copied.

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(1) var<storage, read_write> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> position: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let column = i % (3 * D);
  if (column >= 2 * D) {
    out[i] = qkv[i];
    return;
  }
  let at = position[i / (3 * D)] * HEAD + column % HEAD / 2 * 2;
  let own = qkv[i];
  let other = qkv[i ^ 1];
  let turned = select(other, -other, (i & 1) == 0) * table[at + 1];
  out[i] = own * table[at] + turned;
}
