import { Opcode } from "./_generated_opcodes.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Command } from "./commands.ts";

/** Before the panels of a packed weight: its format. */
export const headerBytes = 64;
/** Strips or panels of one item, as in the kernel. */
const packedAtOnce = 8;

/** Bytes of a matrix of K rows and N columns in panels of 8 columns. */
export function plainMatrixBytes(k: number, n: number): number {
  return 32 * Math.ceil(n / 8) * Math.ceil(k / 4) * 4;
}

/** Bytes of a matrix of M rows and K columns in strips of 6 rows. */
export function stripBytes(m: number, k: number): number {
  return 24 * Math.ceil(m / 6) * Math.ceil(k / 4) * 4;
}

/** Matrices to pack: element (k, j) lies `k·stepK + j·step` elements behind `from`. */
interface Packing {
  readonly from: number;
  readonly out: number;
  readonly k: number;
  readonly n: number;
  readonly stepK: number;
  readonly step: number;
  readonly batch: number;
  readonly header?: number;
  /** Values of k of one block, a multiple of 4; all if not given. */
  readonly depth?: number;
}

/** Packs matrices in panels of 8 columns. */
export function packPanels(packing: Packing): Command {
  return packMatrix(8, packing);
}

/** Packs matrices in strips of 6 of their (here) columns. */
export function packStrips(packing: Packing): Command {
  return packMatrix(6, packing);
}

function packMatrix(
  lanes: number,
  { from, out, k, n, stepK, step, batch, header = 0, depth = Math.ceil(k / 4) * 4 }: Packing,
): Command {
  return {
    opcode: Opcode.PackMatrix,
    items: Math.ceil(batch * Math.ceil(n / lanes) / packedAtOnce),
    args: [from, out, k, n, stepK, step, k * n, header, lanes, batch, Math.max(4, depth)],
  };
}

/** Bytes of a weight `[O,K]` of `linear` once it is packed. */
export function plainLinearBytes([outputs, k]: Shape): number {
  return headerBytes + Math.ceil(plainMatrixBytes(k!, outputs!) / 64) * 64;
}

/** Packs a weight `[O,K]` as `linear` reads it. */
export function packLinear(from: number, [outputs, k]: Shape, out: number): Command {
  const layout = { k: k!, n: outputs!, stepK: 1, step: k! };
  return packPanels({ from, out: out + headerBytes, ...layout, batch: 1, header: out });
}
