// Columns become rows, four by four: products want the values that they add up side by side.

/*
 * out[r][i] = a_i[r] for i < 4 and r < rows, up to the next multiple of 4 (what lies beyond is copied for nothing);
 * rows of out are `step` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function transpose4(a0: usize, a1: usize, a2: usize, a3: usize, out: usize, step: usize, rows: i32): void {
  for (; rows > 0; rows -= 4, a0 += 16, a1 += 16, a2 += 16, a3 += 16) {
    const x0 = v128.load(a0), x1 = v128.load(a1), x2 = v128.load(a2), x3 = v128.load(a3);
    const low0 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), high0 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low1 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5), high1 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(low0, low1, 0, 1, 4, 5));
    v128.store(out += step, v128.shuffle<f32>(low0, low1, 2, 3, 6, 7));
    v128.store(out += step, v128.shuffle<f32>(high0, high1, 0, 1, 4, 5));
    v128.store(out += step, v128.shuffle<f32>(high0, high1, 2, 3, 6, 7));
    out += step;
  }
}
