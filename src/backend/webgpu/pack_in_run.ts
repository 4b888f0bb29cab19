import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Command, Scratch } from "./commands.ts";
import { eachElement } from "./each_element.ts";

/**
 * A weight `[O,C,…]` as the matrix that products read, `[O,taps,C]` with channels filled up to whole fours;
 * `turned` as that of the opposite direction, `[C,taps,O]`, the last tap first.
 */
export function packed(
  weight: Tensor,
  { turned = false }: { turned?: boolean } = {},
): { matrix: Scratch; command: Command } {
  const [outputs, channels] = weight.shape as [number, number], taps = sizeOf(weight.shape.slice(2));
  const [rows, columns] = turned ? [channels, outputs] : [outputs, channels];
  const fours = Math.ceil(columns / 4), size = rows * taps * 4 * fours;
  const matrix: Scratch = { scratch: "matrix", bytes: 4 * size };
  return {
    matrix,
    command: eachElement("pack_matrix", {
      size,
      constants: { ROWS: rows, COLUMNS: columns, C4: fours, TAPS: taps, FLIP: turned },
      bindings: { weight, out: matrix },
      flop: size,
    }),
  };
}
