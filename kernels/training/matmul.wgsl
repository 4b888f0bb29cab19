// matmul: out[b, i, j] = sum over k of lhs[b, i, k]·rhs[b, k, j]
//
// lhs f32, M × K a batch, by steps LHS_I and LHS_K; rhs f32, K × N a batch, by steps RHS_K and RHS_J: so either may be
// transposed. out f32 [B, M, N]. first: the first row of workgroups that this dispatch does, if SPLIT.
//
// A thread makes 4 × 4 results in registers, adding over k in order; a workgroup is 8 threads along j by 8 along i.

@group(0) @binding(0) var<storage, read_write> lhs: array<f32>;
@group(0) @binding(1) var<storage, read_write> rhs: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
#if SPLIT
@group(0) @binding(3) var<uniform> first: vec4u;
#end

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
#if SPLIT
  let i = 4 * ((group.y + first.x) * 8 + local.y);
#else
  let i = 4 * (group.y * 8 + local.y);
#end
  let j = 4 * (group.x * 8 + local.x);
  if (i >= M || j >= N) { return; }
#for r < 4
  var left{r} = group.z * M * K + min(i + {r}, M - 1) * LHS_I;
  var right{r} = group.z * K * N + min(j + {r}, N - 1) * RHS_J;
  var sum{r} = vec4f();
#end
  for (var k = 0u; k < K; k++) {
    let y = vec4f(rhs[right0], rhs[right1], rhs[right2], rhs[right3]);
#for r < 4
    sum{r} += lhs[left{r}] * y;
    left{r} += LHS_K;
    right{r} += RHS_K;
#end
  }
#for r < 4
  if (i + {r} < M) {
    let at = (group.z * M + i + {r}) * N + j;
    for (var c = 0u; c < min(4u, N - j); c++) { out[at + c] = sum{r}[c]; }
  }
#end
}
