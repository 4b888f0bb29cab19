// A weight as the matrix that products read: out[row, tap, column], columns filled up with zeros to whole fours
//
// weight f32 [ROWS, COLUMNS, TAPS]: out[row, tap, column] = weight[row, column, tap]. With FLIP weight is
// [COLUMNS, ROWS, TAPS], and its taps are turned around: out[row, tap, column] = weight[column, row, TAPS − 1 − tap].
// out f32 [ROWS, TAPS, C4·4], SIZE elements; a thread does one.

@group(0) @binding(0) var<storage, read_write> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

#include each_element

fn element(i: u32) {
  let column = i % (4 * C4);
  let tap = i / (4 * C4) % TAPS;
  let row = i / (4 * C4) / TAPS;
  var v = 0.0;
  if (column < COLUMNS) {
#if FLIP
    v = weight[(column * ROWS + row) * TAPS + TAPS - 1 - tap];
#else
    v = weight[(row * COLUMNS + column) * TAPS + tap];
#end
  }
  out[i] = v;
}
