import { Opcode } from "../../../wasm/opcodes.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Command } from "./commands.ts";
import { channelAffineCommand } from "./lower/norm.ts";
import type { Addresses } from "./lowering.ts";
import { points, tilesOf, transformScratch, winogradPays } from "./winograd.ts";

/** Sizes that `wasm/winograd_grad.ts` and `wasm/conv_grad.ts` work with: tiles, channels and outputs of an item. */
const block = 12, channelBlock = 16, outputBlock = 16, sumBlock = 4;
/** Bytes of padding behind each row of one point. */
const padding = 64;
/** So many items at least, if pixels are to be summed in parts for it. */
const wantedItems = 32;

type WeightGrad = TensorOf<"conv2d_weight_grad">;

/** Bytes of the buffer that the commands of a weight's gradient share. */
export function weightGradScratch(tensor: WeightGrad): number {
  if (!winogradFits(tensor)) return direct(tensor).bytes + normedBytes(tensor);
  const { v, y, d } = winograd(tensor);
  return v + y + d;
}

/** The commands of the gradient of a convolution's weight. */
export function weightGradCommands(tensor: WeightGrad, at: Addresses): Command[] {
  return winogradFits(tensor) ? winogradCommands(tensor, at) : directCommands(tensor, at);
}

function winogradFits(
  { inputs: { x, dy }, attrs: { kernel: [kh, kw], stride, padding } }: WeightGrad,
): boolean {
  const [, h, w, channels] = x.shape as [number, number, number, number], outputs = dy.shape[3]!;
  const square3 = kh === 3 && kw === 3 && stride === 1 && padding === 1;
  return square3 && channels % channelBlock === 0 && sizeOf(x.shape) > 0 &&
    winogradPays({ h, w, outputs });
}

function winograd({ inputs: { x, dy } }: WeightGrad) {
  const [n, h, w, channels] = x.shape as [number, number, number, number], outputs = dy.shape[3]!;
  const tiles = tilesOf({ n, h, w }), rounded = Math.ceil(outputs / outputBlock) * outputBlock;
  const bytes = (elements: number) => Math.ceil(points * (4 * elements + padding) / 64) * 64;
  return {
    ...{ h, w, channels, outputs, tiles },
    v: bytes(tiles.total * channels),
    y: bytes(tiles.total * rounded),
    d: channels * rounded * (points + 1) * 4,
  };
}

function winogradCommands(tensor: WeightGrad, at: Addresses): Command[] {
  const { h, w, channels, outputs, tiles, v, y } = winograd(tensor), { x, dy, affine } = tensor.inputs;
  const { scratch } = at;
  const args = [
    ...[at.of(x), at.of(affine), at.of(tensor as Tensor), at.of(dy), scratch + v + y, 0],
    ...[h, w, channels, outputs, Number(tensor.attrs.swish ?? false), 0],
    ...[scratch + v, scratch, tiles.tilesX, tiles.perImage, tiles.total],
  ];
  const blocks = Math.ceil(tiles.total / block), scratchBytes = transformScratch;
  const flop = 2 * 9 * channels * sizeOf(dy.shape);
  const items = Math.ceil(outputs / outputBlock) * (channels / channelBlock);
  return [
    { opcode: Opcode.WinogradGradTiles, items: 2 * blocks, args, scratchBytes },
    { opcode: Opcode.WinogradGradProducts, items: points, args, flop },
    { opcode: Opcode.WinogradGradTaps, items, args, scratchBytes },
  ];
}

function direct({ inputs: { x, dy }, attrs: { kernel: [kh, kw], stride, padding } }: WeightGrad) {
  const [n, h, w, channels] = x.shape as [number, number, number, number];
  const [, outH, outW, outputs] = dy.shape as [number, number, number, number];
  const taps = kh * kw, blocks = Math.ceil(channels / channelBlock);
  // Where a tap sees all pixels in a row, they are one long line.
  const line = taps === 1 && stride === 1 && padding === 0;
  const most = line ? 1 : Math.max(1, n * outH);
  const parts = Math.min(most, Math.ceil(wantedItems / (taps * blocks)));
  return {
    ...{ channels, outputs, parts, items: parts * taps * blocks },
    extent: line ? [1, n * h * w, channels, 1, n * h * w, outputs] : [h, w, channels, outH, outW, outputs],
    images: line ? 1 : n,
    bytes: 4 * parts * taps * Math.ceil(channels / 4) * 4 * Math.ceil(outputs / 8) * 8,
  };
}

/** Bytes of x as the norm before the convolution makes it, where that is not done on the way. */
function normedBytes({ inputs: { x, affine } }: WeightGrad): number {
  return affine ? Math.ceil(4 * sizeOf(x.shape) / 64) * 64 : 0;
}

function directCommands(tensor: WeightGrad, at: Addresses): Command[] {
  const { inputs: { x, dy, affine }, attrs: { kernel: [kh, kw], stride, padding } } = tensor;
  const { channels, outputs, parts, items, extent, images } = direct(tensor);
  const args = [
    ...[affine ? at.scratch : at.of(x), at.of(dy), at.scratch + normedBytes(tensor)],
    ...[at.of(tensor as Tensor), ...extent],
    ...[kh, kw, stride, padding, images, parts],
  ];
  const normed = { x, affine, swish: tensor.attrs.swish ?? false, out: at.scratch };
  return [
    ...affine ? [channelAffineCommand(normed, at)] : [],
    { opcode: Opcode.ConvWeightGrad, items, args, flop: 2 * kh * kw * channels * sizeOf(dy.shape) },
    { opcode: Opcode.ConvWeightGradSum, items: Math.ceil(outputs / sumBlock), args },
  ];
}
