// conv and linear as one matrix product that is never laid out (implicit GEMM)
//
//   out[m, o] = sum over k of a[m, k] · weight[o, k] + bias[o] + residual[m, o]
//
//   m   position (n, frame, row, column) of the result, M of them, POSITIONS of an image       o   output channel, O of them
//   k   (tap, channel), the channels of a tap padded to whole vectors of four: C4 vectors, K4 = TAPS·C4
//   a[m, k] = act(x[n, frame·ST + kt − PT, row·SH + kh − PH, column·SW + kw − PW, channel]), 0 outside of x
//   act(v)  = v, or swish(v·scale + shift) with AFFINE and SWISH
//
// x        f32 [N, T, H, W, C]; vectors of four if VECTOR, that is if C is a multiple of 4
// weight   [O, K4] in the format of `weight.wgsl`, packed when it was loaded; taps (kt, kh, kw) of a kernel KT × KH × KW
// bias     f32 [O]
// affine   f32 [N, 2, C]: scales, then shifts; typed as x
// residual f32, as out
// out      f32 [N, OT, OH, OW, O]; with DEPTH_TO_SPACE [N, OT, 2·OH, 2·OW, O/4]; vectors of four if OUT_VECTOR
// first    the first block of rows that this dispatch does, if SPLIT
//
// STAGED: operands pass through workgroup memory, see `tile.wgsl`, KC4 vectors of k at a time, so that each element is
// loaded and activated once a workgroup. A thread loads blocks of four rows by a vector of k, and turns them.
// Otherwise each thread loads for itself, which is better where workgroup memory is no faster than other memory; it makes
// PIXELS × 4·QUADS results in registers, and a workgroup is LANES threads along o by ROWS along m.
// PARTIAL, only with STAGED: each workgroup along z adds PART_K vectors of k, and out is f32 [parts, M, O], which
// conv_sum adds up: so few results with long sums keep all of a GPU busy.

#if VECTOR
@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
#else
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
#end
#include weight at 1
#if BIAS
@group(0) @binding(2) var<storage, read_write> bias: array<f32>;
#end
#if AFFINE
#if VECTOR
@group(0) @binding(3) var<storage, read_write> affine: array<vec4f>;
#else
@group(0) @binding(3) var<storage, read_write> affine: array<f32>;
#end
#end
#if RESIDUAL
#if OUT_VECTOR
@group(0) @binding(4) var<storage, read_write> residual: array<vec4f>;
#else
@group(0) @binding(4) var<storage, read_write> residual: array<f32>;
#end
#end
#if OUT_VECTOR
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
#else
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
#end
#if SPLIT
@group(0) @binding(6) var<uniform> first: vec4u;
#end

#include swish
#include window

// Four channels of x at a position, from channel 4·c4; 0 beyond the last.
fn load_x(position: u32, c4: u32) -> vec4f {
#if VECTOR
  return x[position * C4 + c4];
#else
  let at = position * C + 4 * c4;
  var v = vec4f();
#for r < 4
  if (4 * c4 + {r} < C) { v[{r}] = x[at + {r}]; }
#end
  return v;
#end
}

// The same after the activation.
fn load_a(image: u32, position: u32, c4: u32) -> vec4f {
  var v = load_x(position, c4);
#if AFFINE
#if VECTOR
  let at = image * 2 * C4 + c4;
  v = v * affine[at] + affine[at + C4];
#else
  let at = image * 2 * C + 4 * c4;
#for r < 4
  if (4 * c4 + {r} < C) { v[{r}] = v[{r}] * affine[at + {r}] + affine[at + C + {r}]; }
#end
#end
#if SWISH
  v = swish(v);
#end
#end
  return v;
}

// Writes four channels of position m, from channel o.
fn store(part: u32, m: u32, o: u32, sum: vec4f) {
  if (m >= M || o >= O) { return; }
#if PARTIAL
  out[((part * M + m) * O + o) / 4] = sum;
#else
  var v = sum;
#if BIAS
#for r < 4
  v[{r}] += bias[min(o + {r}, O - 1)];
#end
#end
#if OUT_VECTOR
  let at = target_of(m, o) / 4;
#if RESIDUAL
  v += residual[at];
#end
  out[at] = v;
#else
#for r < 4
  if (o + {r} < O) {
    let at = target_of(m, o + {r});
#if RESIDUAL
    v[{r}] += residual[at];
#end
    out[at] = v[{r}];
  }
#end
#end
#end
}

// The element of out that channel o of position m is.
fn target_of(m: u32, o: u32) -> u32 {
#if DEPTH_TO_SPACE
  let cell = o / (O / 4);
  let row = 2 * (m / OW) + cell / 2;
  let column = 2 * (m % OW) + cell % 2;
  return (row * 2 * OW + column) * (O / 4) + o % (O / 4);
#else
  return m * O + o;
#end
}

#if STAGED
#include tile

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
#if SPLIT
  let first_row = (group.y + first.x) * BLOCK_M;
#else
  let first_row = group.y * BLOCK_M;
#end
  let first_column = group.x * BLOCK_O;
  let place = place_of(thread);
#include tile_sums
  // The blocks that this thread brings: the same rows in each step. Where there are few, some threads bring blocks of a, and
  // the others of weight.
#for i < LOADS_A
  let at_a{i} = thread + {i} * THREADS;
  let m{i} = first_row + 4 * (at_a{i} / KC4);
  let vector_a{i} = at_a{i} % KC4;
#for r < 4
  let window{i}_{r} = window_of(m{i} + {r});
#end
#end
#for i < LOADS_W
  let at_w{i} = thread + {i} * THREADS - FIRST_W;
  let o{i} = first_column + 4 * (at_w{i} / KC4);
  let vector_w{i} = at_w{i} % KC4;
#end
  let begin = group.z * PART_K;
  let end = min(K4, begin + PART_K);
  // A step later than it is loaded, a block is used: the loads of one step pass while the last is added.
  for (var k0 = begin; k0 < end + KC4; k0 += KC4) {
#for i < LOADS_A
#for r < 4
    var a{i}_{r} = vec4f();
#end
    {
      let k = k0 + vector_a{i};
      if (at_a{i} < BLOCKS_A && k < end) {
        let tap = k / C4;
#for r < 4
        if (m{i} + {r} < M) {
          let at = source(window{i}_{r}, tap);
          if (at != OUTSIDE) { a{i}_{r} = load_a((m{i} + {r}) / POSITIONS, at, k % C4); }
        }
#end
      }
    }
#end
#for i < LOADS_W
#for r < 4
    var w{i}_{r} = vec4f();
#end
    {
      let k = k0 + vector_w{i};
      if (at_w{i} < BLOCKS_W && k < end) {
#for r < 4
        if (o{i} + {r} < O) { w{i}_{r} = load_weight(o{i} + {r}, k); }
#end
      }
    }
#end
    if (k0 > begin) {
#include tile_add
    }
    workgroupBarrier();
#for i < LOADS_A
    if (at_a{i} < BLOCKS_A) {
#for c < 4
      place_left(at_a{i} / KC4, 4 * vector_a{i} + {c}, vec4f(a{i}_0[{c}], a{i}_1[{c}], a{i}_2[{c}], a{i}_3[{c}]));
#end
    }
#end
#for i < LOADS_W
    if (at_w{i} < BLOCKS_W) {
#for c < 4
      place_right(at_w{i} / KC4, 4 * vector_w{i} + {c}, vec4f(w{i}_0[{c}], w{i}_1[{c}], w{i}_2[{c}], w{i}_3[{c}]));
#end
    }
#end
    workgroupBarrier();
  }
#include tile_store
}
#else
@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
#if SPLIT
  let first_m = (group.y + first.x) * BLOCK_M;
#else
  let first_m = group.y * BLOCK_M;
#end
  let first_quad = group.x * (BLOCK_O / 4);
#for p < PIXELS
#for q < QUADS
#for r < 4
  var sum{p}_{q}_{r} = 0.0;
#end
#end
  let m{p} = min(first_m + {p} * ROWS + local.y, M - 1);
  let window{p} = window_of(m{p});
#end
#for q < QUADS
#for r < 4
  let o{q}_{r} = min(4 * (first_quad + {q} * LANES + local.x) + {r}, O - 1);
#end
#end
  for (var tap = 0u; tap < TAPS; tap++) {
#for p < PIXELS
    let at{p} = source(window{p}, tap);
#end
    for (var c4 = 0u; c4 < C4; c4++) {
#for p < PIXELS
      var a{p} = vec4f();
      if (at{p} != OUTSIDE) { a{p} = load_a(m{p} / POSITIONS, at{p}, c4); }
#end
#for q < QUADS
#for r < 4
      {
        let w = load_weight(o{q}_{r}, tap * C4 + c4);
#for p < PIXELS
        sum{p}_{q}_{r} += a{p}.x * w.x;
        sum{p}_{q}_{r} += a{p}.y * w.y;
        sum{p}_{q}_{r} += a{p}.z * w.z;
        sum{p}_{q}_{r} += a{p}.w * w.w;
#end
      }
#end
#end
    }
  }
#for p < PIXELS
#for q < QUADS
  store(
    0,
    first_m + {p} * ROWS + local.y,
    4 * (first_quad + {q} * LANES + local.x),
    vec4f(sum{p}_{q}_0, sum{p}_{q}_1, sum{p}_{q}_2, sum{p}_{q}_3),
  );
#end
#end
}
#end
