import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Opcode } from "../../src/backend/wasm/_generated_opcodes.ts";
import { volumeOf, volumeWindow } from "../../src/backend/volume.ts";
import { convCommands } from "../../src/backend/wasm/conv.ts";
import { ScratchBuffer } from "../../src/backend/wasm/scratch.ts";
import { causal, outputSizes, type Padding } from "../../src/graph/window.ts";
import type { Shape } from "../../src/tensor/shape.ts";

const test = suite("algorithms of convolutions on the WASM backend");

/** The kernels that convolve x to 32 channels, and the scratch memory that they share. */
function kernels(
  x: Shape,
  { kernel = [3, 3], stride = kernel.map(() => 1), padding = kernel.map(() => [1, 1] as const) }: {
    kernel?: readonly number[];
    stride?: readonly number[];
    padding?: readonly Padding[];
  } = {},
): { names: string; bytes: number } {
  const window = { kernel, stride, padding }, scratch = new ScratchBuffer(64);
  const out = volumeOf([x[0]!, ...outputSizes(x.slice(1, -1), window), 32]);
  const at = { x: 64, affine: 0, weight: 64, bias: 0, residual: 0, out: 64 };
  const commands = convCommands({ x: volumeOf(x), out, ...volumeWindow(window) }, at, scratch.take);
  return { names: commands.map(({ opcode }) => Opcode[opcode]).join(" "), bytes: scratch.bytes };
}

test("Winograd convolves 3×3 of stride 1, by tiles or by outputs; all else is direct", () => {
  assert.is(kernels([1, 96, 96, 32]).names, "WinogradWeights WinogradTiles");
  assert.is(kernels([1, 12, 12, 32]).names, "WinogradInput WinogradOutputs");
  assert.is(kernels([1, 12, 12, 33]).names, "ConvDirect");
  assert.is(kernels([1, 12, 12, 32], { stride: [2, 2] }).names, "ConvDirect");
  assert.is(kernels([1, 12, 12, 32], { padding: [[1, 1], [2, 0]] }).names, "ConvDirect");
  assert.is(kernels([1, 12, 12, 32], { kernel: [3, 1] }).names, "ConvDirect");
  assert.is(kernels([1, 12, 12, 32], { stride: [2, 2] }).bytes, 0);
});

test("Winograd takes the taps of several frames one after the other", () => {
  const spatial: readonly Padding[] = [[1, 1], [1, 1]], kernel = [3, 3, 3];
  const { names } = kernels([1, 4, 12, 12, 32], { kernel, padding: [causal(3), ...spatial] });
  assert.is(names, Array(3).fill("WinogradInput WinogradOutputs").join(" "));
  // Two clips share the transformed weights of a tap.
  const clips = kernels([2, 4, 48, 48, 32], { kernel, padding: [causal(3), ...spatial] });
  assert.is(clips.names, Array(3).fill("WinogradWeights WinogradTiles WinogradTiles").join(" "));
  // No tap would write the last frame.
  assert.is(kernels([1, 4, 12, 12, 32], { kernel, padding: [[2, 3], ...spatial] }).names, "ConvDirect");
});

test("scratch memory is what was requested, in separate pieces", () => {
  const scratch = new ScratchBuffer(640);
  assert.equal([scratch.take(4), scratch.take(65), scratch.take(0), scratch.take(1)], [640, 704, 832, 832]);
  assert.is(scratch.bytes, 256);
});

test.run();
