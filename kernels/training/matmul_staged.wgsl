// matmul_staged: the same as matmul, for GPUs
//
//   out[b, i, j] = sum over k of lhs[b, i, k]·rhs[b, k, j]
//
// lhs f32, M × K a batch, by steps LHS_I and LHS_K; rhs f32, K × N a batch, by steps RHS_K and RHS_J: so either may be
// transposed. out f32 [B, M, N]. first: the first row of workgroups that this dispatch does, if SPLIT.
//
// Operands pass through workgroup memory, see `tile.wgsl`, in steps of STEP k. Neighbouring threads load neighbouring
// elements: along k where its step is 1.

@group(0) @binding(0) var<storage, read_write> lhs: array<f32>;
@group(0) @binding(1) var<storage, read_write> rhs: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
#if SPLIT
@group(0) @binding(3) var<uniform> first: vec4u;
#end

#include tile

// Four rows of lhs from row i, at k; 0 outside.
fn load_left(batch: u32, i: u32, k: u32) -> vec4f {
  var v = vec4f();
#for r < 4
  if (k < K && i + {r} < M) { v[{r}] = lhs[batch * M * K + (i + {r}) * LHS_I + k * LHS_K]; }
#end
  return v;
}

// Four columns of rhs from column j, at k; 0 outside.
fn load_right(batch: u32, j: u32, k: u32) -> vec4f {
  var v = vec4f();
#for r < 4
  if (k < K && j + {r} < N) { v[{r}] = rhs[batch * K * N + k * RHS_K + (j + {r}) * RHS_J]; }
#end
  return v;
}

fn store(batch: u32, i: u32, j: u32, sum: vec4f) {
  if (i >= M) { return; }
#for r < 4
  if (j + {r} < N) { out[(batch * M + i) * N + j + {r}] = sum[{r}]; }
#end
}

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
#for n < LOADS_LEFT
#if LEFT_ALONG_K
  let left_k{n} = (thread + {n} * THREADS) % STEP;
  let left_i{n} = (thread + {n} * THREADS) / STEP;
#else
  let left_k{n} = (thread + {n} * THREADS) / (BLOCK_M / 4);
  let left_i{n} = (thread + {n} * THREADS) % (BLOCK_M / 4);
#end
#end
#for n < LOADS_RIGHT
#if RIGHT_ALONG_K
  let right_k{n} = (thread + {n} * THREADS) % STEP;
  let right_j{n} = (thread + {n} * THREADS) / STEP;
#else
  let right_k{n} = (thread + {n} * THREADS) / (BLOCK_O / 4);
  let right_j{n} = (thread + {n} * THREADS) % (BLOCK_O / 4);
#end
#end
  // The loads of one step pass while the step before is added.
  for (var k0 = 0u; k0 < K + STEP; k0 += STEP) {
#for n < LOADS_LEFT
    let l{n} = load_left(group.z, first_row + 4 * left_i{n}, k0 + left_k{n});
#end
#for n < LOADS_RIGHT
    let r{n} = load_right(group.z, first_column + 4 * right_j{n}, k0 + right_k{n});
#end
    if (k0 > 0) {
#include tile_add
    }
    workgroupBarrier();
#for n < LOADS_LEFT
    place_left(left_i{n}, left_k{n}, l{n});
#end
#for n < LOADS_RIGHT
    place_right(right_j{n}, right_k{n}, r{n});
#end
    workgroupBarrier();
  }
#include tile_store
}
