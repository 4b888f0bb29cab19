// Maps with zeros between their positions: out[n, t, y, x, c] = x[n, t/ST, y/SH, x/SW, c]
//
// where all three quotients are whole and inside of x, else 0. x f32 [N, T, H, W, C], out f32 [N, OT, OH, OW, C], SIZE elements; a
// thread does one.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let column = i / C % OW;
  let row = i / C / OW % OH;
  let frame = i / C / OW / OH % OT;
  let image = i / C / OW / OH / OT;
  let even = frame % ST == 0 && row % SH == 0 && column % SW == 0;
  var v = 0.0;
  if (even && frame / ST < T && row / SH < H && column / SW < W) {
    v = x[(((image * T + frame / ST) * H + row / SH) * W + column / SW) * C + i % C];
  }
  out[i] = v;
}
