import { Opcode } from "./_generated_opcodes.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Axes3 } from "../volume.ts";
import type { Command } from "./commands.ts";

/** Elements that a kernel's weights `[O,C,…]` take in memory. */
export function packedSize([outputs, channels, ...kernel]: Shape): number {
  return roundUp(outputs!, 16) * roundUp(channels! * sizeOf(kernel), 4);
}

/** Writes weights `[O,C,…]` as the kernels read them: `[O/8][taps·C][8]`, zeros up to 16 outputs and 4 values. */
export function packConvWeight(weight: Float32Array, shape: Shape, into: Float32Array): void {
  const [outputs, channels] = shape as [number, number];
  const taps = sizeOf(shape.slice(2)), depth = roundUp(channels * taps, 4);
  if (into.length > weight.length) into.fill(0);
  const row = channels * taps;
  for (let o = 0; o < outputs; o += 8) {
    const lanes = Math.min(8, outputs - o);
    // One pass over the source, eight outputs at a time, so that whole cache lines are read and written.
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < taps; k++) {
        let from = o * row + c * taps + k;
        const to = o * depth + (k * channels + c) * 8;
        for (let lane = 0; lane < lanes; lane++, from += row) into[to + lane] = weight[from]!;
      }
    }
  }
}

/** Bytes of a weight `[O,C,…]` of `conv` once it is packed. */
export function plainConvBytes(shape: Shape): number {
  return 4 * packedSize(shape);
}

/** Packs a weight `[O,C,…]` as `conv` reads it. */
export function packConv(from: number, [outputs, channels, ...kernel]: Shape, out: number): Command {
  const taps = sizeOf(kernel);
  return packConvCommand(from, [outputs!, channels!, 1, 1, taps, channels! * taps, taps, 0, 0, 1], out);
}

/**
 * Packs the kernels `[O,C,kt,kh,kw]` for the gradient of a convolution: outputs and channels are swapped, the taps
 * reversed. Along each axis it takes every `stride`-th tap, backwards from `last`.
 */
export function packFlipped(
  from: number,
  [outputs, channels, ...kernel]: Shape,
  out: number,
  { stride, last }: { stride: Axes3; last: Axes3 },
): Command {
  const taps = sizeOf(kernel), steps = [kernel[1]! * kernel[2]!, kernel[2]!, 1];
  const counts = last.map((tap, axis) => Math.floor(tap / stride[axis]!) + 1);
  const begin = last.reduce((sum, tap, axis) => sum + tap * steps[axis]!, 0);
  const layout = [channels!, outputs!, ...counts, taps, channels! * taps];
  return packConvCommand(
    from + 4 * begin,
    [...layout, ...steps.map((step, axis) => -stride[axis]! * step)],
    out,
  );
}

function packConvCommand(from: number, layout: readonly number[], out: number): Command {
  return { opcode: Opcode.PackConv, items: 2 * Math.ceil(layout[0]! / 16), args: [from, out, ...layout] };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
