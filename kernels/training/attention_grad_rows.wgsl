// attention_grad, first pass: what the others need of each position p
//
//   P[p, i] = softmax over i ≤ p of q[p] · k[i] / sqrt(HEAD)     a[p] = sum over i ≤ p of P[p, i]·(dy[p] · v[i])
//
// qkv f32 [B, POSITIONS, 3·D]: q, k and v of D elements, in heads of HEAD. dy f32 [B, POSITIONS, D].
// rows f32 [B, HEADS, POSITIONS, 2]: the logarithm of the sum of the exponentials of a position's scores, and a.
// A workgroup does 32 positions p of one head, the longest sums first, by tiles. Each thread keeps the largest score of
// those it has seen, and sums relative to it.

@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

#include attention_grad_tile

fn load_own_a(p: u32, c: u32) -> vec4f { return load_part(0, p, c); }
fn load_own_b(p: u32, c: u32) -> vec4f { return load_gradient(p, c); }
fn load_other_a(p: u32, c: u32) -> vec4f { return load_part(1, p, c); }
fn load_other_b(p: u32, c: u32) -> vec4f { return load_part(2, p, c); }

const LOWEST = vec4f(-3.4028234e38);
struct Part { largest: vec4f, total: vec4f, sum: vec4f }
var<workgroup> parts: array<array<Part, 8>, 8>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) thread: u32) {
  start(group_id);
  let own = 32 * (BLOCKS - 1 - group_id.x);
  let lane = thread % 8;
  let group = thread / 8;
  let p = own + 4 * group + vec4u(0, 1, 2, 3);
  var part = Part(LOWEST, vec4f(), vec4f());
  for (var other = 0u; other < min(own + 32, POSITIONS); other += OTHERS) {
    let tile = tile_of(own, other, thread);
    var largest = part.largest;
#for j < KEYS
    let seen{j} = vec4u(other + 8 * {j} + lane) <= p;
    largest = max(largest, select(LOWEST, tile.scores[{j}], seen{j}));
#end
    let factor = exp(part.largest - largest);
    part = Part(largest, part.total * factor, part.sum * factor);
#for j < KEYS
    let e{j} = exp(tile.scores[{j}] - largest);
    part.total += select(vec4f(), e{j}, seen{j});
    part.sum += select(vec4f(), e{j} * tile.slopes[{j}], seen{j});
#end
  }
  parts[group][lane] = part;
  workgroupBarrier();
  if (lane > 0) { return; }
  var largest = LOWEST;
  for (var i = 0u; i < 8; i++) { largest = max(largest, parts[group][i].largest); }
  var total = vec4f();
  var sum = vec4f();
  for (var i = 0u; i < 8; i++) {
    let factor = exp(parts[group][i].largest - largest);
    total += factor * parts[group][i].total;
    sum += factor * parts[group][i].sum;
  }
  let logarithm = largest + log(total);
  let average = sum / total;
  let row = (group_id.z * HEADS + group_id.y) * POSITIONS;
#for r < 4
  if (p[{r}] < POSITIONS) {
    rows[(row + p[{r}]) * 2] = logarithm[{r}];
    rows[(row + p[{r}]) * 2 + 1] = average[{r}];
  }
#end
}
