import { apply, input } from "../../graph/build.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import type { Command } from "./commands.ts";
import { convCommands, convScratch, directCommand } from "./conv.ts";
import { packFlipped, plainConvBytes } from "./pack_plain.ts";

/** Bytes of the buffer that a gradient's commands share: its packed kernels, then what the convolution needs. */
export function inputGradScratch(tensor: TensorOf<"conv2d_input_grad">): number {
  const conv = convolutionOf(tensor);
  return plainConvBytes(flipped(tensor)) + (conv ? convScratch(conv) : 0);
}

/**
 * The gradient by the input is a convolution of dy by the kernels turned round, outputs for channels. Where the
 * convolution had a stride, so many − 1 zeros are taken to stand between the pixels of dy.
 */
export function inputGradCommands(
  tensor: TensorOf<"conv2d_input_grad">,
  at: { of(tensor: Tensor | undefined): number; readonly scratch: number },
): Command[] {
  const { dy, weight } = tensor.inputs, { stride, padding } = tensor.attrs;
  const pointers = {
    x: at.of(dy),
    affine: 0,
    weight: at.scratch,
    bias: 0,
    residual: 0,
    out: at.of(tensor as Tensor),
  };
  const pack = packFlipped(at.of(weight), weight.shape, at.scratch);
  const conv = convolutionOf(tensor);
  if (conv) return [pack, ...convCommands(conv, pointers, at.scratch + plainConvBytes(flipped(tensor)))];
  const [, , kh, kw] = weight.shape as [number, number, number, number];
  const extent = { x: dy.shape, weight: flipped(tensor), out: tensor.shape };
  const command = directCommand(extent, pointers, {
    stride: 1,
    padding: Math.max(kh, kw) - 1 - padding,
    spread: stride,
  });
  return [pack, { ...command, flop: command.flop! / stride ** 2 }];
}

function flipped({ inputs: { weight } }: TensorOf<"conv2d_input_grad">): readonly number[] {
  const [outputs, channels, kh, kw] = weight.shape as [number, number, number, number];
  return [channels, outputs, kh, kw];
}

/** The convolution that gives the gradient, where it is a plain one. */
function convolutionOf(tensor: TensorOf<"conv2d_input_grad">): TensorOf<"conv2d"> | undefined {
  const { dy } = tensor.inputs, { stride, padding } = tensor.attrs, shape = flipped(tensor);
  if (stride !== 1 || shape[2] !== shape[3]) return;
  const weight = input("weight", { shape, dtype: "f32" });
  const attrs = { stride: 1, padding: shape[2]! - 1 - padding };
  return apply("conv2d", { x: dy, weight }, attrs) as TensorOf<"conv2d">;
}
