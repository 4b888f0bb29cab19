import { Opcode } from "../../../wasm/opcodes.ts";
import type { TensorOf } from "../../graph/ops.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Command } from "./commands.ts";
import { winogradCommands, winogradFits, winogradScratch } from "./winograd.ts";

/** Output pixels of one item of the direct kernel. */
const pixels = 24;

/** Elements that a kernel's weights take in memory. */
export function packedSize(shape: Shape): number {
  return 16 * Math.ceil(shape[0]! / 16) * paddedDepth(shape);
}

/** Writes weights `[O,C,kh,kw]` as the kernels read them: `[O/8][kh·kw·C][8]`, zeros up to 16 outputs and 4 values. */
export function packConvWeight(weight: Float32Array, shape: Shape, into: Float32Array): void {
  const [outputs, channels, kh, kw] = shape as [number, number, number, number];
  const depth = paddedDepth(shape), taps = kh * kw;
  if (into.length > weight.length) into.fill(0);
  const row = channels * taps;
  for (let o = 0; o < outputs; o += 8) {
    const lanes = Math.min(8, outputs - o);
    // Through the source once, eight outputs side by side: whole cache lines on both sides.
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < taps; k++) {
        let from = o * row + c * taps + k;
        const to = o * depth + (k * channels + c) * 8;
        for (let lane = 0; lane < lanes; lane++, from += row) into[to + lane] = weight[from]!;
      }
    }
  }
}

/** Values under a kernel, up to a multiple of the four that the product takes at once. */
function paddedDepth([, channels, kh, kw]: Shape): number {
  return Math.ceil(channels! * kh! * kw! / 4) * 4;
}

/** Where a convolution's operands lie; 0 for those that it does not have. */
export interface ConvPointers {
  readonly x: number;
  readonly affine: number;
  readonly weight: number;
  readonly bias: number;
  readonly residual: number;
  readonly out: number;
}

/** Bytes of the buffer that the commands of one convolution share. */
export function convScratch(conv: TensorOf<"conv2d">): number {
  return winogradFits(conv) ? winogradScratch(conv) : 0;
}

/** The commands of one convolution. */
export function convCommands(conv: TensorOf<"conv2d">, at: ConvPointers, scratch: number): Command[] {
  if (winogradFits(conv)) return winogradCommands(conv, at, scratch);
  const [n, h, w] = conv.inputs.x.shape as [number, number, number, number];
  const [outputs, , kh, kw] = conv.inputs.weight.shape as [number, number, number, number];
  const { stride, padding } = conv.attrs;
  const outH = Math.floor((h + 2 * padding - kh) / stride) + 1;
  const outW = Math.floor((w + 2 * padding - kw) / stride) + 1;
  const extent = { x: conv.inputs.x.shape, weight: conv.inputs.weight.shape, out: [n, outH, outW, outputs] };
  return [directCommand(extent, at, { ...conv.attrs, padding: [padding, padding] })];
}

/** A convolution as one direct product; `out` is its shape before any depth-to-space. */
export function directCommand(
  { x, weight, out }: { x: Shape; weight: Shape; out: Shape },
  at: ConvPointers,
  { stride, padding: [top, left], swish, depthToSpace, into }: {
    stride: number;
    padding: readonly [number, number];
    swish?: boolean;
    depthToSpace?: boolean;
    /** Where the results go if not side by side: every `step`-th pixel of `rows` × `columns`, from (top, left) on. */
    into?: { step: number; top: number; left: number; rows: number; columns: number };
  },
): Command {
  const [, h, w, channels] = x as [number, number, number, number];
  const [outputs, , kh, kw] = weight as [number, number, number, number];
  const [n, outH, outW] = out as [number, number, number, number];
  return {
    opcode: Opcode.ConvDirect,
    items: Math.ceil(n * outH * outW / pixels),
    args: [
      ...[at.x, at.affine, at.weight, at.bias, at.residual, at.out],
      ...[h, w, channels, outH, outW, outputs, kh, kw, top, left, stride],
      ...[Number(swish ?? false), Number(depthToSpace ?? false), n],
      ...into ? [into.step, into.top, into.left, into.rows, into.columns] : [1, 0, 0, outH, outW],
    ],
    scratchBytes: 4 * pixels * (paddedDepth(weight) + 8 * Math.ceil(outputs / 8)),
    flop: 2 * kh * kw * channels * sizeOf(out),
  };
}
