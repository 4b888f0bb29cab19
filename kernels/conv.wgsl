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
// TIME: a frame of the result depends on other frames than its own. Otherwise T is OT, and each frame is an image.
//
// A thread makes PIXELS × 4·QUADS results in registers; a workgroup is LANES threads along o by ROWS along m.
// STAGED: blocks of a and weight pass through workgroup memory, KC4 vectors of k at a time, so that each element is
// loaded and activated once a workgroup. Otherwise each thread loads for itself, which is better where workgroup memory is
// no faster than other memory.

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

// Where a tap of position m reads: the position in x, or OUTSIDE, the number of all positions.
fn source(m: u32, tap: u32) -> u32 {
  let line = m / OW;
#if TIME
  let row = line % OH * SH + tap / KW % KH;
  let frame = line / OH % OT * ST + tap / (KW * KH) - PT;
  if (frame >= T) { return OUTSIDE; }
  let plane = m / POSITIONS * T + frame;
#else
  let row = line % OH * SH + tap / KW;
  let plane = line / OH;
#end
  let column = m % OW * SW + tap % KW;
  // One comparison for both borders: below the first, the difference wraps around.
  if (row - PH < H && column - PW < W) { return (plane * H + row - PH) * W + column - PW; }
  return OUTSIDE;
}

// Writes four channels of position m, from channel 4·quad.
fn store(m: u32, quad: u32, sum: vec4f) {
  let o = 4 * quad;
  if (m >= M || o >= O) { return; }
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
var<workgroup> block_a: array<vec4f, BLOCK_M * (KC4 + 1)>;
var<workgroup> block_w: array<vec4f, BLOCK_O * (KC4 + 1)>;
#end

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
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
#end
#if STAGED
  for (var k0 = 0u; k0 < K4; k0 += KC4) {
    workgroupBarrier();
    for (var i = thread; i < BLOCK_M * KC4; i += LANES * ROWS) {
      let m = first_m + i / KC4;
      let k = k0 + i % KC4;
      var v = vec4f();
      if (m < M && k < K4) {
        let tap = k / C4;
        let at = source(m, tap);
        if (at != OUTSIDE) { v = load_a(m / POSITIONS, at, k % C4); }
      }
      block_a[i / KC4 * (KC4 + 1) + i % KC4] = v;
    }
    // Rows of the block are ordered by o mod 4, so that neighbouring threads read neighbouring rows.
    for (var i = thread; i < BLOCK_O * KC4; i += LANES * ROWS) {
      let slot = i / KC4;
      let o = 4 * (first_quad + slot % (BLOCK_O / 4)) + slot / (BLOCK_O / 4);
      let k = k0 + i % KC4;
      var v = vec4f();
      if (o < O && k < K4) { v = load_weight(o, k); }
      block_w[slot * (KC4 + 1) + i % KC4] = v;
    }
    workgroupBarrier();
    for (var k = 0u; k < KC4; k++) {
#for p < PIXELS
      let a{p} = block_a[({p} * ROWS + local.y) * (KC4 + 1) + k];
#end
#for q < QUADS
#for r < 4
      {
        let w = block_w[({r} * (BLOCK_O / 4) + {q} * LANES + local.x) * (KC4 + 1) + k];
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
#else
#for p < PIXELS
  let m{p} = min(first_m + {p} * ROWS + local.y, M - 1);
#end
#for q < QUADS
#for r < 4
  let o{q}_{r} = min(4 * (first_quad + {q} * LANES + local.x) + {r}, O - 1);
#end
#end
  for (var tap = 0u; tap < TAPS; tap++) {
#for p < PIXELS
    let at{p} = source(m{p}, tap);
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
#end
#for p < PIXELS
#for q < QUADS
  store(
    first_m + {p} * ROWS + local.y,
    first_quad + {q} * LANES + local.x,
    vec4f(sum{p}_{q}_0, sum{p}_{q}_1, sum{p}_{q}_2, sum{p}_{q}_3),
  );
#end
#end
}
