import { Opcode } from "./_generated_opcodes.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { lowerByFirstFit } from "../algorithms.ts";
import type { Command } from "./commands.ts";
import type { ConvAlgorithm, Convolution, ConvPointers } from "./convolution.ts";
import { winogradByOutputs, winogradByTiles } from "./winograd.ts";

/** Positions of the result that an item of the direct kernel computes. */
const pixels = 24;

const direct: ConvAlgorithm = {
  name: "direct",
  fits: () => true,
  commands: (conv, at) => {
    const { x: [, ...x], out: [n, ...out], kernel, stride, before, into } = conv;
    const channels = x[3], outputs = out[3], taps = sizeOf(kernel);
    const places = into ?? { step: [1, 1, 1], first: [0, 0, 0], size: out.slice(0, 3) };
    return [{
      opcode: Opcode.ConvDirect,
      items: Math.ceil(n * sizeOf(out.slice(0, 3)) / pixels),
      args: [
        ...[at.x, at.affine, at.weight, at.bias, at.residual, at.out],
        ...[...x, ...out, ...kernel, ...before, ...stride],
        ...[Number(conv.swish ?? false), Number(conv.depthToSpace ?? false), n],
        ...[...places.step, ...places.first, ...places.size],
      ],
      scratchBytes: 4 * pixels * (roundUp(channels * taps, 4) + roundUp(outputs, 8)),
      flop: 2 * taps * channels * sizeOf(conv.out),
    }];
  },
};

/** The algorithms for convolutions, the fastest first. */
const algorithms: readonly ConvAlgorithm[] = [winogradByTiles, winogradByOutputs, direct];

/** The commands of a convolution. */
export function convCommands(
  conv: Convolution,
  at: ConvPointers,
  scratch: (bytes: number) => number,
): Command[] {
  return lowerByFirstFit(algorithms, conv, at, scratch);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
