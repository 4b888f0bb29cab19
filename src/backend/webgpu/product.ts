import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Volume, VolumeWindow } from "../volume.ts";
import type { Command, Operand } from "./commands.ts";
import { notForTraining, type Target } from "./lowering.ts";
import { quantizedWords } from "./pack_matrix.ts";
import type { Constants } from "./specialise.ts";
import { chooseTile, stagedVectors } from "./tiles.ts";
import { windowConstants } from "./windows.ts";

/** An implicit matrix product: the sizes of a convolution, and what is fused into it. */
export interface Product extends VolumeWindow {
  readonly x: Volume;
  /** The shape of the result, before any depth-to-space. */
  readonly out: Volume;
  readonly swish?: boolean;
  readonly depthToSpace?: boolean;
  readonly operands: {
    readonly x: Operand;
    readonly weight: Operand;
    readonly bias?: Tensor;
    readonly affine?: Tensor;
    readonly residual?: Tensor;
    readonly out: Operand;
  };
}

/** The dispatch of a product. */
export function product(given: Product, target: Target): Command {
  const { x: [n, t, h, w, channels], out, operands } = given;
  const outputs = out[4], positions = sizeOf(out.slice(1, 4)), m = n * positions;
  const c4 = Math.ceil(channels / 4), taps = sizeOf(given.kernel);
  const tile = chooseTile(target.tiling, { rows: m, outputs, depth: taps * channels });
  const blockM = tile.pixels * tile.rows, blockO = 4 * tile.quads * tile.lanes;
  const step = given.depthToSpace ? outputs / 4 : outputs;
  return {
    kernel: "conv",
    constants: {
      ...windowConstants(given),
      ...{ C: channels, C4: c4, O: outputs, M: m, K4: taps * c4, TAPS: taps },
      ...{ POSITIONS: positions, OUTSIDE: n * t * h * w },
      ...{ PIXELS: tile.pixels, QUADS: tile.quads, LANES: tile.lanes, ROWS: tile.rows },
      ...{ STAGED: tile.staged, KC4: stagedVectors, BLOCK_M: blockM, BLOCK_O: blockO },
      ...{ VECTOR: channels % 4 === 0, OUT_VECTOR: step % 4 === 0 },
      ...{ BIAS: Boolean(operands.bias), AFFINE: Boolean(operands.affine), SWISH: Boolean(given.swish) },
      ...formatConstants(operands.weight, { width: channels, target }),
      ...{ RESIDUAL: Boolean(operands.residual), DEPTH_TO_SPACE: Boolean(given.depthToSpace) },
    },
    bindings: operands,
    workgroups: [Math.ceil(outputs / blockO), Math.ceil(m / blockM), 1],
    flop: 2 * m * outputs * channels * taps,
    splits: true,
  };
}

/** The constants that tell kernels how a matrix of `width` columns is stored. */
export function formatConstants(
  weight: Operand,
  { width, target }: { width: number; target: Target },
): Constants {
  const format = "packed" in weight ? target.format(weight.packed.attrs.name) : "f32";
  if (format === "f32" || format === "f16") return { F16: format === "f16" && !target.f16 };
  const { row, scales } = quantizedWords(format, width);
  return { QUANTIZED: true, Q4: format === "q4", ROW_WORDS: row, SCALE_WORDS: scales };
}

/**
 * A weight as a matrix: packed when it was loaded, or where a run changes it, by commands. Throws `BackendError` for the
 * latter if the backend is not set up for training.
 */
export function matrix(
  weight: Tensor,
  { training }: Target,
): { operand: Operand; commands: readonly Command[] } {
  if (weight.op === "param") return { operand: { packed: weight, layout: "matrix" }, commands: [] };
  if (!training) throw notForTraining(weight.op);
  const [, channels] = weight.shape as [number, number];
  // Its elements are in the matrix's order already.
  if (sizeOf(weight.shape.slice(2)) === 1 && channels % 4 === 0) return { operand: weight, commands: [] };
  const { matrix, command } = training.pack(weight);
  return { operand: matrix, commands: [command] };
}
