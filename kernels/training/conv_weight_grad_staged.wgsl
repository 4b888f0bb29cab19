// conv_weight_grad_staged: the same as conv_weight_grad, for GPUs
//
//   out[s, o, c, tap] = sum over positions m of part s of dy[m, o]·x[source of tap in the window of m, c]
//
//   m   position (n, frame, row, column) of dy, M of them, CHUNK in a part; x counts as 0 outside, see `window.wgsl`
//
// x f32 [N, T, H, W, C], dy f32 [N, OT, OH, OW, O], in vectors of four if X_VECTOR and DY_VECTOR; out f32 [PARTS, O, C, TAPS].
//
// A workgroup makes a block of o × c of one tap and part; z is (tap, part). Operands pass through workgroup memory, see
// `tile.wgsl`, in steps of STEP positions.

#if X_VECTOR
@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
#else
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
#end
#if DY_VECTOR
@group(0) @binding(1) var<storage, read_write> dy: array<vec4f>;
#else
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
#end
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include tile
#include window

// Four channels of dy at position m, from channel o; 0 beyond the last.
fn load_dy(m: u32, o: u32) -> vec4f {
  var v = vec4f();
#if DY_VECTOR
  if (o < O) { v = dy[(m * O + o) / 4]; }
#else
#for r < 4
  if (o + {r} < O) { v[{r}] = dy[m * O + o + {r}]; }
#end
#end
  return v;
}

// The same of x.
fn load_x(position: u32, c: u32) -> vec4f {
  var v = vec4f();
#if X_VECTOR
  if (c < C) { v = x[(position * C + c) / 4]; }
#else
#for r < 4
  if (c + {r} < C) { v[{r}] = x[position * C + c + {r}]; }
#end
#end
  return v;
}

// Writes four channels of x for channel o of dy, from channel c.
fn store(z: u32, o: u32, c: u32, sum: vec4f) {
  if (o >= O) { return; }
#for r < 4
  if (c + {r} < C) { out[((z % PARTS * O + o) * C + c + {r}) * TAPS + z / PARTS] = sum[{r}]; }
#end
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first_row = BLOCK_M * group.y;
  let first_column = BLOCK_O * group.x;
  let tap = group.z / PARTS;
  let part = group.z % PARTS;
  let place = place_of(thread);
#include tile_sums
  let begin = part * CHUNK;
  let end = min(M, begin + CHUNK);
  // The loads of one step pass while the step before is added.
  for (var m0 = begin; m0 < end + STEP; m0 += STEP) {
#for n < LOADS_LEFT
    var l{n} = vec4f();
    let left_m{n} = (thread + {n} * THREADS) / (BLOCK_M / 4);
    let left_o{n} = (thread + {n} * THREADS) % (BLOCK_M / 4);
    if (m0 + left_m{n} < end) { l{n} = load_dy(m0 + left_m{n}, first_row + 4 * left_o{n}); }
#end
#for n < LOADS_RIGHT
    var r{n} = vec4f();
    let right_m{n} = (thread + {n} * THREADS) / (BLOCK_O / 4);
    let right_c{n} = (thread + {n} * THREADS) % (BLOCK_O / 4);
    if (m0 + right_m{n} < end) {
      let position = source(window_of(m0 + right_m{n}), tap);
      if (position != OUTSIDE) { r{n} = load_x(position, first_column + 4 * right_c{n}); }
    }
#end
    if (m0 > begin) {
#include tile_add
    }
    workgroupBarrier();
#for n < LOADS_LEFT
    place_left(left_o{n}, left_m{n}, l{n});
#end
#for n < LOADS_RIGHT
    place_right(right_c{n}, right_m{n}, r{n});
#end
    workgroupBarrier();
  }
#include tile_store
}
