// attention_grad, third pass: the gradients by the keys and values
//
//   dk[i] = sum over p ≥ i of P[p, i]·(dy[p] · v[i] − a[p]) / sqrt(HEAD) · q[p]     dv[i] = sum over p ≥ i of P[p, i]·dy[p]
//
// Names and layouts as in the passes before. A workgroup does 32 positions i of one head, by tiles.

@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

#include attention_grad_tile
#include attention_grad_sums

fn load_own_a(p: u32, c: u32) -> vec4f { return load_part(1, p, c); }
fn load_own_b(p: u32, c: u32) -> vec4f { return load_part(2, p, c); }
fn load_other_a(p: u32, c: u32) -> vec4f { return load_part(0, p, c); }
fn load_other_b(p: u32, c: u32) -> vec4f { return load_gradient(p, c); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) thread: u32) {
  start(group_id);
  let own = 32 * (group_id.x / SLICES);
  let columns = group_id.x % SLICES * 8 * COLUMNS;
  let lane = thread % 8;
  let group = thread / 8;
  let i = own + 4 * group + vec4u(0, 1, 2, 3);
  let row = (group_id.z * HEADS + group_id.y) * POSITIONS;
  var dk = Sums();
  var dv = Sums();
  for (var other = own; other < POSITIONS; other += OTHERS) {
    let tile = tile_of(own, other, thread);
#for j < KEYS
    let p{j} = other + 8 * {j} + lane;
    let row{j} = (row + min(p{j}, POSITIONS - 1)) * 2;
    let seen{j} = (i <= vec4u(p{j})) & vec4<bool>(p{j} < POSITIONS);
    let weight{j} = exp(tile.scores[{j}] - rows[row{j}]);
    place_weights(8 * {j} + lane, group, select(vec4f(), weight{j}, seen{j}));
#end
    for (var n = thread; n < OTHERS * 8 * COLUMNS; n += 64) {
      let c = n % (8 * COLUMNS);
      place_block(n / (8 * COLUMNS), c, load_other_b(other + n / (8 * COLUMNS), columns + c));
    }
    dv = plus_products(dv, thread);
    workgroupBarrier();
#for j < KEYS
    let slope{j} = SCALE * weight{j} * (tile.slopes[{j}] - rows[row{j} + 1]);
    place_weights(8 * {j} + lane, group, select(vec4f(), slope{j}, seen{j}));
#end
    for (var n = thread; n < OTHERS * 8 * COLUMNS; n += 64) {
      let c = n % (8 * COLUMNS);
      place_block(n / (8 * COLUMNS), c, load_other_a(other + n / (8 * COLUMNS), columns + c));
    }
    dk = plus_products(dk, thread);
  }
  store_sums(1, own + 4 * group, columns + lane, dk);
  store_sums(2, own + 4 * group, columns + lane, dv);
}
