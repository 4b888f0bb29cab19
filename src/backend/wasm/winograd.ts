import { Opcode } from "./_generated_opcodes.ts";
import type { Command } from "./commands.ts";
import type { ConvAlgorithm, Convolution, ConvPointers } from "./convolution.ts";

/** Sizes that `wasm/winograd.ts` works with: points of a tile, tiles of a block, outputs of an item. */
const block = 24, outputsAtOnce = 16;
/** Points of a tile, and taps of a kernel. */
export const points = 64, taps = 9;
/** Bytes of padding behind each row of one point. */
const padding = 64;
/** Up to this many tiles, an item is 16 outputs and all tiles; beyond, a block of tiles and all outputs. */
const fewTiles = 128;
/** Channels whose transformed weights an item keeps at a time. */
const depth = 128;
/** What a thread needs in any case: a segment's input, and a tile between its two passes. */
export const transformScratch: number = 8 * 26 * 64 + points * 16;

/** Winograd's F(6×6, 3×3) where there are many tiles: weights are transformed once, for all of them. */
export const winogradByTiles: ConvAlgorithm = {
  name: "winograd by tiles",
  fits: (conv) => winogradFits(conv) && mostTiles(conv) > fewTiles,
  commands: (conv, at, scratch) => {
    const channels = conv.x[4], outputs = conv.out[4], u = scratch(weightBytes(channels, outputs));
    const scratchBytes = transformScratch + productBytes(block) + tileBytes(channels, block);
    return runsOf(conv).flatMap((run, i, runs) => {
      const { args, total, flop } = argumentsOf(conv, run, { at, transformed: u });
      const items = Math.ceil(outputs / outputsAtOnce);
      const tiles = {
        opcode: Opcode.WinogradTiles,
        items: Math.ceil(total / block),
        args,
        scratchBytes,
        flop,
      };
      if (runs[i - 1]?.tap === run.tap) return [tiles];
      return [{ opcode: Opcode.WinogradWeights, items, args, scratchBytes: transformScratch }, tiles];
    });
  },
};

/** The same where there are few tiles: tiles are transformed once, for all outputs. */
export const winogradByOutputs: ConvAlgorithm = {
  name: "winograd by outputs",
  fits: (conv) => winogradFits(conv),
  commands: (conv, at, scratch) => {
    const channels = conv.x[4], outputs = conv.out[4], v = scratch(tileBytes(channels, mostTiles(conv)));
    const weights = weightBytes(Math.min(depth, channels), outputsAtOnce);
    return runsOf(conv).flatMap((run): Command[] => {
      const { args, total, flop } = argumentsOf(conv, run, { at, transformed: v });
      const scratchBytes = transformScratch + weights + productBytes(total);
      const items = Math.ceil(outputs / outputsAtOnce);
      return [
        {
          opcode: Opcode.WinogradInput,
          items: Math.ceil(total / block),
          args,
          scratchBytes: transformScratch,
        },
        { opcode: Opcode.WinogradOutputs, items, args, scratchBytes, flop },
      ];
    });
  },
};

/** Whether Winograd's F(6×6, 3×3) computes a convolution, tap by tap in time, with fewer products than a direct sum. */
function winogradFits(conv: Convolution): boolean {
  const { x: [, t, h, w, channels], out: [, outT, , , outputs] } = conv;
  // A vector of four outputs must not straddle two pixels of the shuffled result.
  const whole = channels % 16 === 0 && (!conv.depthToSpace || outputs % 64 === 0) && !conv.into;
  const coversAll = conv.kernel[0] > 1
    ? framesByTap(conv)[0]?.count === outT
    : outT === t && conv.before[0] === 0;
  return isSquare3(conv) && whole && coversAll && winogradPays({ h, w, outputs });
}

/** Whether a convolution is 3×3 of stride 1, padded by 1, along height and width, and of stride 1 in time. */
export function isSquare3({ x, out, kernel, stride, before }: Convolution): boolean {
  const [, kh, kw] = kernel, [, top, left] = before;
  return kh === 3 && kw === 3 && stride.every((step) => step === 1) && top === 1 && left === 1 &&
    x[2] === out[2] && x[3] === out[3];
}

/** Whether the products of whole tiles are fewer than those of a direct sum. */
export function winogradPays({ h, w, outputs }: { h: number; w: number; outputs: number }): boolean {
  const products = points * Math.ceil(h / 6) * Math.ceil(w / 6) * roundUp(outputs, outputsAtOnce);
  return products < 0.75 * taps * h * w * roundUp(outputs, 8);
}

/** Frames that are convolved as images with the nine taps of one frame of the kernel. */
interface Run {
  /** The frame of the kernel. */
  readonly tap: number;
  /** Whether the results are added to those of earlier runs. */
  readonly adds: boolean;
  /** The first frame of x and of the result, counted through all clips. */
  readonly from: number;
  readonly to: number;
  readonly images: number;
  /** The clip of the first frame, and the number of frames that belong to one clip. */
  readonly clip: number;
  readonly framesOfClip: number;
}

/** The runs of a convolution. Those of the first tap write every frame of the result, the others add to it. */
function runsOf(conv: Convolution): Run[] {
  const { x: [n, t], out: [, outT], kernel: [kt], before: [pt] } = conv;
  if (kt === 1) {
    return [{ tap: 0, from: 0, to: 0, images: n * t, clip: 0, framesOfClip: Math.max(1, t), adds: false }];
  }
  return framesByTap(conv).flatMap(({ tap, first, count }, i) =>
    Array.from({ length: n }, (_, clip) => ({
      ...{ tap, clip, images: count, framesOfClip: count, adds: i > 0 },
      from: clip * t + first + tap - pt,
      to: clip * outT + first,
    }))
  );
}

/** For each frame of the kernel, the frames of a clip's result for which it reads a frame of x; the most frames first. */
function framesByTap({ x: [, t], out: [, outT], kernel: [kt], before: [pt] }: Convolution) {
  return Array.from({ length: kt }, (_, tap) => {
    const first = Math.max(0, pt - tap);
    return { tap, first, count: Math.min(outT, t + pt - tap) - first };
  }).filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
}

function mostTiles(conv: Convolution): number {
  const [, , h, w] = conv.x;
  return Math.max(0, ...runsOf(conv).map(({ images }) => tilesOf({ n: images, h, w }).total));
}

/** The arguments of the kernels for a run, see `wasm/winograd.ts`. */
function argumentsOf(
  { x: [, , h, w, channels], out: [, , , , outputs], kernel: [kt], swish, depthToSpace }: Convolution,
  { tap, adds, from, to, images, clip, framesOfClip }: Run,
  { at, transformed }: { at: ConvPointers; transformed: number },
): { args: readonly number[]; total: number; flop: number } {
  const { tilesX, perImage, total } = tilesOf({ n: images, h, w });
  const written = 4 * to * h * w * outputs, out = at.out + written;
  return {
    args: [
      at.x + 4 * from * h * w * channels,
      at.affine && at.affine + 8 * clip * channels,
      at.weight + 4 * 8 * tap * taps * channels,
      adds ? 0 : at.bias,
      adds ? out : at.residual && at.residual + written,
      out,
      ...[h, w, channels, outputs, Number(swish ?? false), Number(depthToSpace ?? false)],
      ...[transformed, transformed, tilesX, perImage, total, framesOfClip, kt * taps],
    ],
    total,
    flop: 2 * taps * channels * outputs * h * w * images,
  };
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
