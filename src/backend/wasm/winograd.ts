import { Opcode } from "../../../wasm/opcodes.ts";
import type { TensorOf } from "../../graph/ops.ts";
import type { Command } from "./commands.ts";
import type { ConvPointers } from "./conv.ts";

/** Sizes that `wasm/winograd.ts` works with: points of a tile, tiles of a block, outputs of an item. */
const block = 24, outputsAtOnce = 16;
/** Points of a tile. */
export const points = 64;
/** Bytes of padding behind each row of one point. */
const padding = 64;
/** Up to this many tiles, an item is 16 outputs and all tiles; beyond, a block of tiles and all outputs. */
const fewTiles = 128;
/** Channels whose transformed weights an item keeps at a time. */
const depth = 128;
/** What a thread needs in any case: a segment's input, and a tile between its two passes. */
export const transformScratch: number = 8 * 26 * 64 + points * 16;

/** Whether Winograd's F(6×6, 3×3) computes `conv` with fewer products than a direct sum. */
export function winogradFits({ inputs, attrs }: TensorOf<"conv2d">): boolean {
  const [, h, w, channels] = inputs.x.shape as [number, number, number, number];
  const [outputs, , kh, kw] = inputs.weight.shape as [number, number, number, number];
  const square3 = kh === 3 && kw === 3 && attrs.stride === 1 && attrs.padding === 1;
  // A vector of four outputs must not straddle two pixels of the shuffled result.
  const whole = channels % 16 === 0 && (!attrs.depthToSpace || outputs % 64 === 0);
  return square3 && whole && winogradPays({ h, w, outputs });
}

/** Whether the products of whole tiles are fewer than those of a direct sum. */
export function winogradPays({ h, w, outputs }: { h: number; w: number; outputs: number }): boolean {
  const products = points * Math.ceil(h / 6) * Math.ceil(w / 6) * roundUp(outputs, outputsAtOnce);
  return products < 0.75 * 9 * h * w * roundUp(outputs, 8);
}

/** Bytes of the buffer that the commands of one such convolution share: its transformed weights or tiles. */
export function winogradScratch(conv: TensorOf<"conv2d">): number {
  const { total, channels, outputs } = extent(conv);
  return total > fewTiles ? weightBytes(channels, outputs) : tileBytes(channels, total);
}

/** The commands of one such convolution; see `wasm/winograd.ts`. */
export function winogradCommands(conv: TensorOf<"conv2d">, at: ConvPointers, scratch: number): Command[] {
  const { h, w, channels, outputs, total, tilesX, perImage } = extent(conv);
  const { swish, depthToSpace } = conv.attrs;
  const args = [
    ...[at.x, at.affine, at.weight, at.bias, at.residual, at.out],
    ...[h, w, channels, outputs, Number(swish ?? false), Number(depthToSpace ?? false)],
    ...[scratch, scratch, tilesX, perImage, total],
  ];
  const blocks = Math.ceil(total / block), rounds = Math.ceil(outputs / outputsAtOnce);
  const flop = 2 * 9 * channels * outputs * h * w * (total / perImage);
  if (total > fewTiles) {
    const scratchBytes = transformScratch + productBytes(block) + tileBytes(channels, block);
    return [
      { opcode: Opcode.WinogradWeights, items: rounds, args, scratchBytes: transformScratch },
      { opcode: Opcode.WinogradTiles, items: blocks, args, scratchBytes, flop },
    ];
  }
  const weights = weightBytes(Math.min(depth, channels), outputsAtOnce);
  const scratchBytes = transformScratch + weights + productBytes(total);
  return [
    { opcode: Opcode.WinogradInput, items: blocks, args, scratchBytes: transformScratch },
    { opcode: Opcode.WinogradOutputs, items: rounds, args, scratchBytes, flop },
  ];
}

function extent({ inputs }: TensorOf<"conv2d">) {
  const [n, h, w, channels] = inputs.x.shape as [number, number, number, number];
  return { h, w, channels, outputs: inputs.weight.shape[0]!, ...tilesOf({ n, h, w }) };
}

/** Tiles of 6×6 pixels: in a row, of an image, and of all. */
export function tilesOf(
  { n, h, w }: { n: number; h: number; w: number },
): { tilesX: number; perImage: number; total: number } {
  const tilesX = Math.ceil(w / 6), perImage = tilesX * Math.ceil(h / 6);
  return { tilesX, perImage, total: n * perImage };
}

function weightBytes(channels: number, outputs: number): number {
  return (roundUp(outputs, outputsAtOnce) / 8) * points * (32 * channels + padding);
}

function tileBytes(channels: number, tiles: number): number {
  return points * (4 * channels * roundUp(tiles, 4) + padding);
}

function productBytes(tiles: number): number {
  return points * (4 * outputsAtOnce * roundUp(tiles, 4) + padding);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
