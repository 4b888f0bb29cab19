import { f32Tensor, type HostTensor } from "../tensor/tensor.ts";

const base = 10000;

/**
 * The table of rotary position embeddings (arXiv 2104.09864) in two dimensions, `[1 + grid², headDim]`: cosine and sine of
 * the angle by which each adjacent pair of a head's elements is rotated. Row 0 is for the prefix and all zeros. Row 1 + r·grid + c is for the token in row r and
 * column c: r determines the angles of the first half of the pairs, c those of the second.
 */
export function ropeTable(grid: number, headDim: number): HostTensor<"f32"> {
  const half = headDim / 2, pairs = half / 2;
  const table = f32Tensor([1 + grid * grid, headDim]);
  for (let cell = 0; cell < grid * grid; cell++) {
    for (let pair = 0; pair < half; pair++) {
      const coordinate = pair < pairs ? Math.floor(cell / grid) : cell % grid;
      const angle = coordinate * base ** (-2 * (pair % pairs) / half);
      table.data.set([Math.cos(angle), Math.sin(angle)], (1 + cell) * headDim + 2 * pair);
    }
  }
  return table;
}
