// linear for few rows: the products of R rows with one reading of the weight
//
//   out[r, o] = s[r] · sum over k of x[r, k] · norm[k] · matrix0[o, k] + bias[o] + residual[r, o]
//   s[r] = 1 / sqrt(mean over k of x[r, k]² + EPS) with NORM (rms_norm), else 1
//   With two MATRICES, g the product above with its bias and h the same with matrix1: out = swish(g) · h + residual
//
// x        f32 [ROWS, K], see `vector.wgsl`
// matrix0, matrix1  [O, K4] in the format of `weight.wgsl`
// norm     f32 [K], bias f32 [O], residual and out f32 [ROWS, O]
//
// A team of TEAM threads makes COLUMNS columns of R rows; a workgroup has TEAMS teams, and workgroups along z take
// further rows. A thread takes every TEAM-th chunk of k, CHUNK4 vectors, so that neighbours read neighbouring bytes of a
// row: UNROLL chunks in a step, whose loads do not wait for each other. If the STEPS end beyond the row (RAGGED), the
// last chunk is read once more and counts nothing.
// Each thread leaves its sums in workgroup memory: R·COLUMNS a matrix, and with NORM R sums of squares, four in one of
// QUADS vectors. SHARE threads add SPAN of the TEAM parts of a vector each, and who needs a value adds these. The order is
// fixed, and a row's result does not depend on the other rows. A thread makes RESULTS of the team's results.

#include whole_numbers
#include vector as x at 0
#include weight as matrix0 at 1
#if GATED
#include weight as matrix1 at 2
#end
#if NORM
#include vector as norm at 3
#end
#if BIAS
@group(0) @binding(4) var<storage, read_write> bias: array<f32>;
#end
#if RESIDUAL
@group(0) @binding(5) var<storage, read_write> residual: array<f32>;
#end
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

#include swish
#include plus_dot

var<workgroup> parts: array<vec4f, TEAMS * QUADS * (TEAM + SHARE)>;
var<workgroup> shares: array<vec4f, TEAMS * QUADS * SHARE>;

#if WIDE
// Vector i of a chunk; if it is quantized, before the scale.
fn vector_in(chunk: vec4u, i: u32) -> vec4f {
#if QUANTIZED
#if Q4
  return nibbles_of(chunk[i / 2] >> (16 * (i & 1)));
#else
  return bytes_of(chunk[i]);
#end
#else
  let words = select(chunk.xy, chunk.zw, i == 1);
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
#end
}
#end

// Value v of a team's.
fn value(team: u32, v: u32) -> f32 {
  var sum = vec4f();
#for i < SHARE
  sum += shares[(team * QUADS + v / 4) * SHARE + {i}];
#end
  return sum[v % 4];
}

@compute @workgroup_size(TEAM, TEAMS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let first = ((group.y * groups.x + group.x) * TEAMS + local.y) * COLUMNS;
#for r < R
  let row{r} = min(group.z * R + {r}, ROWS - 1) * K;
#end
#for j < COLUMNS
  let o{j} = min(first + {j}, O - 1);
#end
  // The results of this thread. What is added to them is read before it is needed.
#for t < RESULTS
  let i{t} = lane + {t} * TEAM;
  let column{t} = first + i{t} / R;
  let mine{t} = i{t} < COLUMNS * R && column{t} < O && group.z * R + i{t} % R < ROWS;
  let at_out{t} = (group.z * R + i{t} % R) * O + column{t};
#if BIAS
  var bias{t} = 0.0;
  if (mine{t}) { bias{t} = bias[column{t}]; }
#end
#if RESIDUAL
  var residual{t} = 0.0;
  if (mine{t}) { residual{t} = residual[at_out{t}]; }
#end
#end
  // Indexed by constants alone, so that they are registers: products as [matrix][column][row], then squares.
  var sums: array<f32, 4 * QUADS>;
  for (var step = 0u; step < STEPS; step += UNROLL) {
#for u < UNROLL
#if RAGGED
    let inside{u} = (step + {u}) * TEAM + lane < CHUNKS;
    let at{u} = min((step + {u}) * TEAM + lane, CHUNKS - 1);
#else
    let at{u} = (step + {u}) * TEAM + lane;
#end
#for m < MATRICES
#for j < COLUMNS
#if WIDE
    let w{u}_{m}_{j} = chunk_of_matrix{m}(o{j}, at{u});
#if QUANTIZED
    let scale{u}_{m}_{j} = scale_of_matrix{m}(o{j}, at{u});
#end
#else
    let w{u}_{m}_{j} = load_matrix{m}(o{j}, at{u});
#end
#end
#end
#end
#for u < UNROLL
#if SCALED
#for m < MATRICES
#for j < COLUMNS
#for r < R
    var part{u}_{m}_{j}_{r} = 0.0;
#end
#end
#end
#end
#for i < CHUNK4
    {
      let k = at{u} * CHUNK4 + {i};
#if NORM
      let factor = load_norm(0, k, K);
#end
#for r < R
#if RAGGED
      let own{r} = select(vec4f(), load_x(row{r}, k, K), inside{u});
#else
      let own{r} = load_x(row{r}, k, K);
#end
#if NORM
      sums[SQUARES + {r}] = plus_dot(sums[SQUARES + {r}], own{r}, own{r});
      let x{r} = own{r} * factor;
#else
      let x{r} = own{r};
#end
#end
#for m < MATRICES
#for j < COLUMNS
      {
#if WIDE
        let w = vector_in(w{u}_{m}_{j}, {i});
#else
        let w = w{u}_{m}_{j};
#end
#for r < R
#if SCALED
        part{u}_{m}_{j}_{r} = plus_dot(part{u}_{m}_{j}_{r}, x{r}, w);
#else
        sums[({m} * COLUMNS + {j}) * R + {r}] = plus_dot(sums[({m} * COLUMNS + {j}) * R + {r}], x{r}, w);
#end
#end
      }
#end
#end
    }
#end
#if SCALED
#for m < MATRICES
#for j < COLUMNS
#for r < R
    sums[({m} * COLUMNS + {j}) * R + {r}] += scale{u}_{m}_{j} * part{u}_{m}_{j}_{r};
#end
#end
#end
#end
#end
  }
  let own = local.y * QUADS;
#for q < QUADS
  parts[(own + {q}) * (TEAM + SHARE) + lane] =
    vec4f(sums[4 * {q}], sums[4 * {q} + 1], sums[4 * {q} + 2], sums[4 * {q} + 3]);
#end
  workgroupBarrier();
  for (var q = lane / SHARE; q < QUADS; q += SPAN) {
    let share = lane % SHARE;
    var sum = vec4f();
#for i < SPAN
    sum += parts[(own + q) * (TEAM + SHARE) + share + {i} * SHARE];
#end
    shares[(own + q) * SHARE + share] = sum;
  }
  workgroupBarrier();
#for t < RESULTS
  if (mine{t}) {
    var s = 1.0;
#if NORM
    s = 1.0 / sqrt(value(local.y, SQUARES + i{t} % R) / f32(K) + EPS);
#end
    var v = s * value(local.y, i{t});
#if BIAS
    v += bias{t};
#end
#if GATED
    v = swish(vec4f(v)).x * s * value(local.y, COLUMNS * R + i{t});
#end
#if RESIDUAL
    v += residual{t};
#end
    out[at_out{t}] = v;
  }
#end
}
