// pool: out[n, t, y, x, c] = the largest, or the mean, of x[n, t·ST + d − PT, y·SH + a − PH, x·SW + b − PW, c]
//
// over the window d < KT, a < KH, b < KW. With MAX the largest element inside of x, where NaN counts as the largest. Else the
// mean of the elements inside of x; with PADDED it also counts the elements outside, as zeros. Every window overlaps x.
// With GRADIENT the gradient by x: dy of a window goes to the first of its largest elements, or in equal shares to all
// elements that the mean counts. Contributions of overlapping windows are added.
//
// x f32 [N, T, H, W, C]; the result of the pooling and dy f32 [N, OT, OH, OW, C]; the gradient is as x. SIZE elements of out; a
// thread does one.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
#if GRADIENT
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
#end
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

#include numbers
#include each_element

struct Window {
  // The largest element and its index in x, or the sum; and the number of elements inside of x.
  value: f32,
  at: u32,
  count: u32,
}

// Reduces the window (t, y, column) of an image, for channel c.
fn window_of(image: u32, t: u32, y: u32, column: u32, c: u32) -> Window {
  var found = Window(0.0, 0u, 0u);
  for (var d = 0u; d < KT; d++) {
    for (var a = 0u; a < KH; a++) {
      for (var b = 0u; b < KW; b++) {
        // Below the first, the difference wraps around.
        let frame = t * ST + d - PT;
        let row = y * SH + a - PH;
        let place = column * SW + b - PW;
        if (frame < T && row < H && place < W) {
          let at = (((image * T + frame) * H + row) * W + place) * C + c;
#if MAX
          let v = x[at];
          if (found.count == 0 || (!is_nan(found.value) && (is_nan(v) || v > found.value))) {
            found.value = v;
            found.at = at;
          }
#else
#if !GRADIENT
          found.value += x[at];
#end
#end
          found.count++;
        }
      }
    }
  }
  return found;
}

// The number of elements that the mean of a window counts.
fn size_of(window: Window) -> f32 {
#if PADDED
  return f32(KT * KH * KW);
#else
  return f32(window.count);
#end
}

#if GRADIENT
// The first window along an axis that contains element i.
fn first_of(i: u32, padding: u32, kernel: u32, stride: u32) -> u32 {
  if (i + padding < kernel) { return 0; }
  return (i + padding - kernel) / stride + 1;
}
#end

fn element(i: u32) {
  let c = i % C;
#if GRADIENT
  let column = i / C % W;
  let row = i / C / W % H;
  let frame = i / C / W / H % T;
  let image = i / C / W / H / T;
  var sum = 0.0;
  for (var t = first_of(frame, PT, KT, ST); t <= min(OT - 1, (frame + PT) / ST); t++) {
    for (var y = first_of(row, PH, KH, SH); y <= min(OH - 1, (row + PH) / SH); y++) {
      for (var place = first_of(column, PW, KW, SW); place <= min(OW - 1, (column + PW) / SW); place++) {
        let window = window_of(image, t, y, place, c);
        let slope = dy[(((image * OT + t) * OH + y) * OW + place) * C + c];
#if MAX
        if (window.at == i) { sum += slope; }
#else
        sum += slope / size_of(window);
#end
      }
    }
  }
  out[i] = sum;
#else
  let line = i / C / OW;
  let window = window_of(line / OH / OT, line / OH % OT, line % OH, i / C % OW, c);
#if MAX
  out[i] = window.value;
#else
  out[i] = window.value / size_of(window);
#end
#end
}
