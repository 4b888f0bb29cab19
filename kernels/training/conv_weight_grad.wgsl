// conv_weight_grad: the gradient of a convolution by its weight, in parts over positions
//
//   out[s, o, c, tap] = sum over positions m of part s of dy[m, o]·x[n, frame·ST + kt − PT, row·SH + kh − PH, column·SW + kw − PW, c]
//
//   m   position (n, frame, row, column) of dy, M of them, CHUNK in a part; x counts as 0 outside
//
// x f32 [N, T, H, W, C], dy f32 [N, OT, OH, OW, O], out f32 [PARTS, O, C, TAPS]; taps (kt, kh, kw) of a kernel KT × KH × KW.
// TIME: a frame of the result depends on other frames than its own. Otherwise T is OT, and each frame is an image.
//
// A thread makes 4 o × 4 c of one tap and part; a workgroup is 8 threads along c by 8 along o, z is (tap, part).

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let o = 4 * (group.y * 8 + local.y);
  let c = 4 * (group.x * 8 + local.x);
  if (o >= O || c >= C) { return; }
  let tap = group.z / PARTS;
  let part = group.z % PARTS;
#for r < 4
  let o{r} = min(o + {r}, O - 1);
  let c{r} = min(c + {r}, C - 1);
  var sum{r} = vec4f();
#end
  let end = min(M, (part + 1) * CHUNK);
  for (var m = part * CHUNK; m < end; m++) {
    let line = m / OW;
    // Below the first, a difference wraps around.
#if TIME
    let row = line % OH * SH + tap / KW % KH - PH;
    let frame = line / OH % OT * ST + tap / (KW * KH) - PT;
    let plane = line / OH / OT * T + frame;
    let inside = frame < T && row < H;
#else
    let row = line % OH * SH + tap / KW - PH;
    let plane = line / OH;
    let inside = row < H;
#end
    let column = m % OW * SW + tap % KW - PW;
    if (inside && column < W) {
      let at = ((plane * H + row) * W + column) * C;
      let v = vec4f(x[at + c0], x[at + c1], x[at + c2], x[at + c3]);
#for r < 4
      sum{r} += dy[m * O + o{r}] * v;
#end
    }
  }
#for r < 4
  if (o + {r} < O) {
    let at = ((part * O + o + {r}) * C + c) * TAPS + tap;
    for (var i = 0u; i < min(4u, C - c); i++) { out[at + i * TAPS] = sum{r}[i]; }
  }
#end
}
