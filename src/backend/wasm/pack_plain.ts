import { Opcode } from "../../../wasm/opcodes.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Command } from "./commands.ts";
import { packedSize } from "./conv.ts";

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

/** Bytes of a weight `[O,C,kh,kw]` of `conv2d` once it is packed. */
export function plainConvBytes(shape: Shape): number {
  return 4 * packedSize(shape);
}

/** Packs a weight `[O,C,kh,kw]` as `conv2d` reads it. */
export function packConv(from: number, [outputs, channels, kh, kw]: Shape, out: number): Command {
  const taps = kh! * kw!;
  return packConvCommand(from, [outputs!, channels!, kh!, kw!, channels! * taps, taps, kw!, 1], out);
}

/**
 * The same of the kernels of a convolution's gradient: outputs and channels change places, taps their order. Of the
 * taps, every `stride`-th backwards from (a, b) along both sides.
 */
export function packFlipped(
  from: number,
  [outputs, channels, kh, kw]: Shape,
  out: number,
  { stride, a, b }: { stride: number; a: number; b: number } = { stride: 1, a: kh! - 1, b: kw! - 1 },
): Command {
  const taps = kh! * kw!, [rows, columns] = [a, b].map((last) => Math.floor(last / stride) + 1);
  const layout = [channels!, outputs!, rows!, columns!, taps, channels! * taps, -stride * kw!, -stride];
  return packConvCommand(from + 4 * (a * kw! + b), layout, out);
}

function packConvCommand(from: number, layout: readonly number[], out: number): Command {
  return { opcode: Opcode.PackConv, items: 2 * Math.ceil(layout[0]! / 16), args: [from, out, ...layout] };
}
