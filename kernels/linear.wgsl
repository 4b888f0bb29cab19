// linear for few rows, R ≤ 16: the products of all rows with one reading of the weight
//
//   out[r, o] = s[r] · sum over k of x[r, k] · norm[k] · weight[o, k] + bias[o] + residual[r, o]
//   s[r] = 1 / sqrt(mean over k of x[r, k]² + EPS) with NORM (rms_norm), else 1
//   With UP, g the product above with its bias and h the same with up: out = swish(g) · h + residual
//
// x        f32 [R, K]; vectors of four if VECTOR
// weight, up  [O, K4] in the format of `weight.wgsl`
// norm     f32 [K], bias f32 [O], residual and out f32 [R, O]
//
// A workgroup makes OUTPUTS columns of out. Its WORKGROUP threads take every WORKGROUP-th vector of k, so that
// neighbours read neighbouring words of a row, and leave their sums in workgroup memory, where they are added in the
// order of the threads: a row's result does not depend on the other rows.

#if VECTOR
@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
#else
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
#end
#include weight at 1
#if UP
#include weight as up at 2
#end
#if NORM
@group(0) @binding(3) var<storage, read_write> norm: array<f32>;
#end
#if BIAS
@group(0) @binding(4) var<storage, read_write> bias: array<f32>;
#end
#if RESIDUAL
@group(0) @binding(5) var<storage, read_write> residual: array<f32>;
#end
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

#include swish

fn load_x(r: u32, k: u32) -> vec4f {
#if VECTOR
  return x[r * K4 + k];
#else
  var v = vec4f();
#for i < 4
  if (4 * k + {i} < K) { v[{i}] = x[r * K + 4 * k + {i}]; }
#end
  return v;
#end
}

#if NORM
fn load_norm(k: u32) -> vec4f {
  var v = vec4f();
#for i < 4
  if (4 * k + {i} < K) { v[{i}] = norm[4 * k + {i}]; }
#end
  return v;
}
#end

// VALUES sums of each thread: OUTPUTS·R products, as many with up, R sums of squares.
var<workgroup> parts: array<f32, VALUES * (WORKGROUP + 1)>;
var<workgroup> sums: array<f32, VALUES>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * OUTPUTS;
#for r < R
  var squares{r} = 0.0;
#for j < OUTPUTS
  var sum{j}_{r} = 0.0;
  var up{j}_{r} = 0.0;
#end
#end
  for (var k = thread; k < K4; k += WORKGROUP) {
#if NORM
    let scale = load_norm(k);
#end
#for r < R
#if NORM
    let raw{r} = load_x({r}, k);
    squares{r} += dot(raw{r}, raw{r});
    let x{r} = raw{r} * scale;
#else
    let x{r} = load_x({r}, k);
#end
#end
#for j < OUTPUTS
    {
      let w = load_weight(min(first + {j}, O - 1), k);
#for r < R
      sum{j}_{r} += dot(x{r}, w);
#end
    }
#if UP
    {
      let w = load_up(min(first + {j}, O - 1), k);
#for r < R
      up{j}_{r} += dot(x{r}, w);
#end
    }
#end
#end
  }
#for r < R
#for j < OUTPUTS
  parts[({j} * R + {r}) * (WORKGROUP + 1) + thread] = sum{j}_{r};
#if UP
  parts[((OUTPUTS + {j}) * R + {r}) * (WORKGROUP + 1) + thread] = up{j}_{r};
#end
#end
#if NORM
  parts[(VALUES - R + {r}) * (WORKGROUP + 1) + thread] = squares{r};
#end
#end
  workgroupBarrier();
  for (var v = thread; v < VALUES; v += WORKGROUP) {
    var sum = 0.0;
    for (var i = 0u; i < WORKGROUP; i++) { sum += parts[v * (WORKGROUP + 1) + i]; }
    sums[v] = sum;
  }
  workgroupBarrier();
  for (var i = thread; i < OUTPUTS * R; i += WORKGROUP) {
    let o = first + i / R;
    let r = i % R;
    if (o < O) {
      var s = 1.0;
#if NORM
      s = 1.0 / sqrt(sums[VALUES - R + r] / f32(K) + EPS);
#end
      var v = s * sums[i];
#if BIAS
      v += bias[o];
#end
#if UP
      v = swish(vec4f(v)).x * s * sums[OUTPUTS * R + i];
#end
#if RESIDUAL
      v += residual[r * O + o];
#end
      out[r * O + o] = v;
    }
  }
}
