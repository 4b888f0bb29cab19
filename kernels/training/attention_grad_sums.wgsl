// Sums over the other positions of a tile of weights, times rows of them, included by kernels of attention_grad
//
// A workgroup makes 8·COLUMNS vectors of HEAD4 of each of its 32 positions, from vector `columns`: thread (lane, group) of
// four positions the vectors 8·c + lane. SLICES workgroups share all of them. UNROLL positions are added in a turn.

#include stored as out at 2

var<workgroup> weights: array<array<array<vec4f, UNROLL>, OTHERS / UNROLL>, 8>;
var<workgroup> block: array<array<array<vec4f, 8>, UNROLL * COLUMNS>, OTHERS / UNROLL>;

struct Sums { v: array<vec4f, 4 * COLUMNS> }

// Sets the weight of other position k by the four own positions of a group.
fn place_weights(k: u32, group: u32, v: vec4f) { weights[group][k / UNROLL][k % UNROLL] = v; }

// Sets vector 8·c + lane of other position k.
fn place_block(k: u32, n: u32, v: vec4f) { block[k / UNROLL][k % UNROLL * COLUMNS + n / 8][n % 8] = v; }

fn plus_products(sums: Sums, thread: u32) -> Sums {
  let lane = thread % 8;
  let group = thread / 8;
#for r < 4
#for c < COLUMNS
  var sum{r}_{c} = sums.v[{r} * COLUMNS + {c}];
#end
#end
  workgroupBarrier();
  for (var k = 0u; k < OTHERS / UNROLL; k++) {
#for u < UNROLL
    let weight{u} = weights[group][k][{u}];
#for c < COLUMNS
    let row{u}_{c} = block[k][{u} * COLUMNS + {c}][lane];
#for r < 4
    sum{r}_{c} += weight{u}[{r}] * row{u}_{c};
#end
#end
#end
  }
  var added: Sums;
#for r < 4
#for c < COLUMNS
  added.v[{r} * COLUMNS + {c}] = sum{r}_{c};
#end
#end
  return added;
}

// Writes the sums of a thread to one of the three parts of out.
fn store_sums(part: u32, p: u32, column: u32, sums: Sums) {
#for r < 4
#for c < COLUMNS
  if (p + {r} < POSITIONS && column + 8 * {c} < HEAD4) {
    store_out(qkv_start + ((p + {r}) * 3 + part) * D, column + 8 * {c}, HEAD, sums.v[{r} * COLUMNS + {c}]);
  }
#end
#end
}
