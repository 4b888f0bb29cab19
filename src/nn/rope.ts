import { f32Tensor, type HostTensor } from "../tensor/tensor.ts";

const base = 10000;

/**
 * The table of 2-D rotary position embeddings `[1 + grid², head]`: cosine and sine for each adjacent pair of a head's
 * elements. Row 0, all zeros, is for the class position; row 1 + r·grid + c belongs to cell (r, c), by whose row the
 * first half of the pairs turns, by whose column the second.
 */
export function ropeTable(grid: number, head: number): HostTensor<"f32"> {
  const half = head / 2, pairs = half / 2;
  const table = f32Tensor([1 + grid * grid, head]);
  for (let cell = 0; cell < grid * grid; cell++) {
    for (let pair = 0; pair < half; pair++) {
      const coordinate = pair < pairs ? Math.floor(cell / grid) : cell % grid;
      const angle = coordinate * base ** (-2 * (pair % pairs) / half);
      table.data.set([Math.cos(angle), Math.sin(angle)], (1 + cell) * head + 2 * pair);
    }
  }
  return table;
}
