import { Opcode } from "./_generated_opcodes.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { volumeOf, volumeWindow } from "../volume.ts";
import { type Algorithm, lowerByFirstFit } from "../algorithms.ts";
import type { Command } from "./commands.ts";
import type { Convolution } from "./convolution.ts";
import { channelAffineCommand } from "./lower/norm.ts";
import type { Addresses } from "./lowering.ts";
import {
  isSquare3,
  points,
  taps as winogradTaps,
  tilesOf,
  transformScratch,
  winogradPays,
} from "./winograd.ts";

/** Sizes that `wasm/winograd_grad.ts` and `wasm/conv_grad.ts` work with: tiles, channels and outputs of an item. */
const block = 12, channelBlock = 16, outputBlock = 16, sumBlock = 4;
/** Bytes of padding behind each row of one point. */
const padding = 64;
/** Items that are wanted at least, if pixels are to be summed in parts for it. */
const wantedItems = 32;

type WeightGrad = TensorOf<"conv_weight_grad">;
/** An algorithm for the gradient of a convolution, `conv`, by its weight. */
type GradAlgorithm = Algorithm<[tensor: WeightGrad, conv: Convolution, at: Addresses], Command>;

/** The adjoint of Winograd's F(6×6, 3×3); frames are images. */
const winograd: GradAlgorithm = {
  name: "winograd",
  fits: (_, conv) => {
    const { x: [, t, h, w, channels], out: [, outT, , , outputs], kernel, before } = conv;
    const framesApart = kernel[0] === 1 && before[0] === 0 && t === outT;
    return isSquare3(conv) && framesApart && channels % channelBlock === 0 && sizeOf(conv.x) > 0 &&
      winogradPays({ h, w, outputs });
  },
  commands: (tensor, { x: [n, t, h, w, channels], out }, at) => {
    const { inputs: { x, dy, affine }, attrs: { swish = false } } = tensor, outputs = out[4];
    const { tilesX, perImage, total } = tilesOf({ n: n * t, h, w });
    const rounded = Math.ceil(outputs / outputBlock) * outputBlock;
    const row = (elements: number) => points * (4 * elements + padding);
    const v = at.scratch(row(total * channels)), y = at.scratch(row(total * rounded));
    const d = at.scratch(channels * rounded * (points + 1) * 4);
    const args = [
      ...[at.of(x), at.of(affine), at.of(tensor as Tensor), at.of(dy), d, 0],
      ...[h, w, channels, outputs, Number(swish), 0],
      ...[y, v, tilesX, perImage, total, t],
    ];
    const blocks = Math.ceil(total / block), scratchBytes = transformScratch;
    const items = rounded / outputBlock * (channels / channelBlock);
    return [
      { opcode: Opcode.WinogradGradTiles, items: 2 * blocks, args, scratchBytes },
      {
        opcode: Opcode.WinogradGradProducts,
        items: points,
        args,
        flop: 2 * winogradTaps * channels * sizeOf(dy.shape),
      },
      { opcode: Opcode.WinogradGradTaps, items, args, scratchBytes },
    ];
  },
};

const direct: GradAlgorithm = {
  name: "direct",
  fits: () => true,
  commands: (tensor, conv, at) => {
    const { inputs: { x, dy, affine }, attrs: { swish = false } } = tensor;
    const { kernel, stride, before } = conv,
      taps = sizeOf(kernel),
      channels = conv.x[4],
      outputs = conv.out[4];
    const { images, from, to } = linesOf(conv), blocks = Math.ceil(channels / channelBlock);
    const most = Math.max(1, images * to[0]! * to[1]!);
    const parts = Math.min(most, Math.ceil(wantedItems / (taps * blocks)));
    const normed = affine ? at.scratch(4 * sizeOf(x.shape)) : at.of(x);
    const sums = 4 * parts * taps * Math.ceil(channels / 4) * 4 * Math.ceil(outputs / 8) * 8;
    const args = [
      ...[normed, at.of(dy), at.scratch(sums), at.of(tensor as Tensor)],
      ...[...from, channels, ...to, outputs, ...kernel, ...stride, ...before, images, parts],
    ];
    const items = parts * taps * blocks, flop = 2 * taps * channels * sizeOf(dy.shape);
    return [
      ...affine ? [channelAffineCommand({ x, affine, swish, out: normed }, at)] : [],
      { opcode: Opcode.ConvWeightGrad, items, args, flop },
      { opcode: Opcode.ConvWeightGradSum, items: Math.ceil(outputs / sumBlock), args },
    ];
  },
};

const algorithms: readonly GradAlgorithm[] = [winograd, direct];

/** The commands of the gradient of a convolution by its weight. */
export function weightGradCommands(tensor: WeightGrad, at: Addresses): Command[] {
  const { inputs: { x, dy }, attrs } = tensor;
  const conv = { x: volumeOf(x.shape), out: volumeOf(dy.shape), ...volumeWindow(attrs) };
  return lowerByFirstFit(algorithms, tensor, conv, at);
}

/** Images, and the sizes of x and dy. If one tap reads all positions in order, they are a single row. */
function linesOf({ x: [n, ...x], out: [, ...out], kernel, stride, before }: Convolution) {
  const from = x.slice(0, 3), to = out.slice(0, 3);
  const line = sizeOf(kernel) === 1 && stride.every((step) => step === 1) &&
    before.every((zeros) => zeros === 0) &&
    `${from}` === `${to}`;
  return line
    ? { images: 1, from: [1, 1, n * sizeOf(from)], to: [1, 1, n * sizeOf(to)] }
    : { images: n, from, to };
}
