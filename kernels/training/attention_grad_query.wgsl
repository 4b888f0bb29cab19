// attention_grad, second pass: the gradient by the queries
//
//   dq[p] = sum over i ≤ p of P[p, i]·(dy[p] · v[i] − a[p]) / sqrt(HEAD) · k[i]
//
// Names and layouts as in the first pass, `attention_grad_rows`; out f32, as qkv. A workgroup does 32 positions p of one
// head, the longest sums first, by tiles.

@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

#include attention_grad_tile
#include attention_grad_sums

fn load_own_a(p: u32, c: u32) -> vec4f { return load_part(0, p, c); }
fn load_own_b(p: u32, c: u32) -> vec4f { return load_gradient(p, c); }
fn load_other_a(p: u32, c: u32) -> vec4f { return load_part(1, p, c); }
fn load_other_b(p: u32, c: u32) -> vec4f { return load_part(2, p, c); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) thread: u32) {
  start(group_id);
  let own = 32 * (BLOCKS - 1 - group_id.x / SLICES);
  let columns = group_id.x % SLICES * 8 * COLUMNS;
  let lane = thread % 8;
  let group = thread / 8;
  let p = own + 4 * group + vec4u(0, 1, 2, 3);
  let row = (group_id.z * HEADS + group_id.y) * POSITIONS;
#for r < 4
  let row{r} = (row + min(p[{r}], POSITIONS - 1)) * 2;
#end
  let logarithm = vec4f(rows[row0], rows[row1], rows[row2], rows[row3]);
  let average = vec4f(rows[row0 + 1], rows[row1 + 1], rows[row2 + 1], rows[row3 + 1]);
  var dq = Sums();
  for (var other = 0u; other < min(own + 32, POSITIONS); other += OTHERS) {
    let tile = tile_of(own, other, thread);
#for j < KEYS
    let slope{j} = SCALE * exp(tile.scores[{j}] - logarithm) * (tile.slopes[{j}] - average);
    place_weights(8 * {j} + lane, group, select(vec4f(), slope{j}, vec4u(other + 8 * {j} + lane) <= p));
#end
    for (var n = thread; n < OTHERS * 8 * COLUMNS; n += 64) {
      let c = n % (8 * COLUMNS);
      place_block(n / (8 * COLUMNS), c, load_other_a(other + n / (8 * COLUMNS), columns + c));
    }
    dq = plus_products(dq, thread);
  }
  store_sums(0, own + 4 * group, columns + lane, dq);
}
