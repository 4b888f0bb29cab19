import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { WeightFormat } from "../backend.ts";
import type { Volume, VolumeWindow } from "../volume.ts";
import type { Command, Operand, Scratch } from "./commands.ts";
import { eachElement } from "./each_element.ts";
import { notForTraining, type Target } from "./lowering.ts";
import { quantizedWords } from "./pack_matrix.ts";
import type { Constants } from "./specialise.ts";
import { blockOf, chooseTile, partsOfSums, stagedVectors, type Tile, tileConstants } from "./tiles.ts";
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

/** The dispatches of a product: one, or two if its sums are cut into parts. */
export function product(given: Product, target: Target): Command[] {
  const { x: [n, t, h, w, channels], out, operands } = given;
  const outputs = out[4], positions = sizeOf(out.slice(1, 4)), m = n * positions;
  const c4 = Math.ceil(channels / 4), taps = sizeOf(given.kernel), k4 = taps * c4;
  const sizes = { rows: m, outputs, depth: taps * channels }, tile = chooseTile(target, sizes);
  const [blockM, blockO] = blockOf(tile);
  const step = given.depthToSpace ? outputs / 4 : outputs;
  const inParts = outputs % 4 === 0 && !given.depthToSpace ? partsOfSums(tile, sizes) : 1;
  const partK = Math.ceil(k4 / stagedVectors / inParts) * stagedVectors, parts = Math.ceil(k4 / partK);
  const { bias, residual, ...factors } = operands;
  const sums: Scratch = { scratch: "parts", bytes: 4 * parts * m * outputs };
  const bindings = parts > 1 ? { ...factors, out: sums } : operands;
  const command: Command = {
    kernel: "conv",
    constants: {
      ...windowConstants(given),
      ...{ C: channels, C4: c4, O: outputs, M: m, K4: k4, TAPS: taps },
      ...{ POSITIONS: positions, OUTSIDE: n * t * h * w },
      STAGED: tile.staged,
      ...tile.staged ? { ...tileConstants(tile, target), ...loadsOf(tile) } : {
        ...{ PIXELS: tile.pixels, QUADS: tile.quads, LANES: tile.lanes, ROWS: tile.rows },
        ...{ BLOCK_M: blockM, BLOCK_O: blockO },
      },
      ...{ PARTIAL: parts > 1, PART_K: partK },
      ...{ VECTOR: channels % 4 === 0, OUT_VECTOR: step % 4 === 0 },
      ...{ AFFINE: Boolean(operands.affine), SWISH: Boolean(given.swish) },
      ...formatConstants(operands.weight, { width: channels, target }),
      BIAS: "bias" in bindings && Boolean(bindings.bias),
      RESIDUAL: "residual" in bindings && Boolean(bindings.residual),
      DEPTH_TO_SPACE: Boolean(given.depthToSpace),
    },
    bindings,
    workgroups: [Math.ceil(outputs / blockO), Math.ceil(m / blockM), parts],
    flop: 2 * m * outputs * channels * taps,
    splits: true,
  };
  if (parts === 1) return [command];
  const size = m * outputs / 4;
  return [
    command,
    eachElement("conv_sum", {
      size,
      constants: { PARTS: parts, O4: outputs / 4, BIAS: Boolean(bias), RESIDUAL: Boolean(residual) },
      bindings: { x: sums, bias, residual, out: operands.out },
      flop: 4 * size * parts,
    }),
  ];
}

/**
 * The blocks of four rows by a vector of k that a step of either operand has, and how many of them a thread brings. Those of
 * the weight begin with the thread behind the last of a's.
 */
function loadsOf({ pixels, quads, lanes, rows }: Tile): Constants {
  const threads = lanes * rows, a = pixels / 4 * rows * stagedVectors, w = quads * lanes * stagedVectors;
  return {
    ...{ KC4: stagedVectors, BLOCKS_A: a, BLOCKS_W: w, FIRST_W: a % threads },
    ...{ LOADS_A: Math.ceil(a / threads), LOADS_W: Math.ceil((w + a % threads) / threads) },
  };
}

/** The format of a matrix: of one that a run computes f32. */
export function formatOf(weight: Operand, target: Target): WeightFormat {
  return "packed" in weight ? target.format(weight.packed.attrs.name) : "f32";
}

/** The constants that tell kernels how a matrix of `width` columns is stored. */
export function formatConstants(
  weight: Operand,
  { width, target }: { width: number; target: Target },
): Constants {
  const format = formatOf(weight, target);
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
