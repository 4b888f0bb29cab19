import { Opcode } from "../../../wasm/opcodes.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Command } from "./commands.ts";
import { packedSize } from "./conv.ts";

/** Before the panels of a packed weight: its format. */
export const headerBytes = 64;

/** Bytes of a matrix of K rows and N columns in panels of 8 columns. */
export function plainMatrixBytes(k: number, n: number): number {
  return 32 * Math.ceil(n / 8) * Math.ceil(k / 4) * 4;
}

/** Packs matrices whose element (k, j) lies `k·stepK + j·stepJ` elements behind `from`. */
export function packMatrixCommand(
  { from, out, k, n, stepK, stepJ, batch, header = 0 }: {
    from: number;
    out: number;
    k: number;
    n: number;
    stepK: number;
    stepJ: number;
    batch: number;
    header?: number;
  },
): Command {
  return {
    opcode: Opcode.PackMatrix,
    items: batch * Math.ceil(n / 8),
    args: [from, out, k, n, stepK, stepJ, k * n, header],
  };
}

/** Bytes of a weight `[O,K]` of `linear` once it is packed. */
export function plainLinearBytes([outputs, k]: Shape): number {
  return headerBytes + Math.ceil(plainMatrixBytes(k!, outputs!) / 64) * 64;
}

/** Packs a weight `[O,K]` as `linear` reads it. */
export function packLinear(from: number, [outputs, k]: Shape, out: number): Command {
  const layout = { k: k!, n: outputs!, stepK: 1, stepJ: k! };
  return packMatrixCommand({ from, out: out + headerBytes, ...layout, batch: 1, header: out });
}

/** Bytes of a weight `[O,C,kh,kw]` of `conv2d` once it is packed. */
export function plainConvBytes(shape: Shape): number {
  return 4 * packedSize(shape);
}

/** Packs a weight `[O,C,kh,kw]` as `conv2d` reads it. */
export function packConv(from: number, [outputs, channels, kh, kw]: Shape, out: number): Command {
  const taps = kh! * kw!;
  return packConvCommand(from, [outputs!, channels!, taps, channels! * taps, taps, 1], out);
}

/** The same of the kernels of a convolution's gradient: outputs and channels change places, taps their order. */
export function packFlipped(from: number, [outputs, channels, kh, kw]: Shape, out: number): Command {
  const taps = kh! * kw!;
  const last = from + 4 * (taps - 1);
  return packConvCommand(last, [channels!, outputs!, taps, taps, channels! * taps, -1], out);
}

function packConvCommand(from: number, layout: readonly number[], out: number): Command {
  return { opcode: Opcode.PackConv, items: 2 * Math.ceil(layout[0]! / 16), args: [from, out, ...layout] };
}
