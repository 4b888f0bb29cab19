import { apply, input } from "../../graph/build.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import type { Command } from "./commands.ts";
import { convCommands, type ConvPointers, convScratch, directCommand } from "./conv.ts";
import type { Addresses } from "./lowering.ts";
import { packFlipped, plainConvBytes } from "./pack_plain.ts";

type InputGrad = TensorOf<"conv2d_input_grad">;

/** Bytes of the buffer that a gradient's commands share: its packed kernels, then what the convolution needs. */
export function inputGradScratch(tensor: InputGrad): number {
  const conv = convolutionOf(tensor);
  if (conv) return plainConvBytes(flipped(tensor)) + convScratch(conv);
  return partsOf(tensor).reduce((bytes, { weight }) => bytes + plainConvBytes(weight), 0);
}

/** The gradient by the input is a convolution of dy by the kernels turned round, outputs for channels. */
export function inputGradCommands(tensor: InputGrad, at: Addresses): Command[] {
  const { dy, weight } = tensor.inputs, from = at.of(weight);
  const pointers: ConvPointers = {
    x: at.of(dy),
    affine: 0,
    weight: at.scratch,
    bias: 0,
    residual: 0,
    out: at.of(tensor as Tensor),
  };
  const conv = convolutionOf(tensor);
  if (conv) {
    const scratch = at.scratch + plainConvBytes(flipped(tensor));
    return [packFlipped(from, weight.shape, at.scratch), ...convCommands(conv, pointers, scratch)];
  }
  let packed = at.scratch;
  return partsOf(tensor).flatMap((part) => {
    const here = { ...pointers, weight: packed };
    packed += plainConvBytes(part.weight);
    return [
      packFlipped(from, weight.shape, here.weight, part.taps),
      directCommand({ x: dy.shape, weight: part.weight, out: part.out }, here, part),
    ];
  });
}

function flipped({ inputs: { weight } }: InputGrad): readonly number[] {
  const [outputs, channels, kh, kw] = weight.shape as [number, number, number, number];
  return [channels, outputs, kh, kw];
}

/** The convolution that gives the gradient, where it is a plain one. */
function convolutionOf(tensor: InputGrad): TensorOf<"conv2d"> | undefined {
  const { dy } = tensor.inputs, { stride, padding } = tensor.attrs, shape = flipped(tensor);
  if (stride !== 1 || shape[2] !== shape[3]) return;
  const weight = input("weight", { shape, dtype: "f32" });
  const attrs = { stride: 1, padding: shape[2]! - 1 - padding };
  return apply("conv2d", { x: dy, weight }, attrs) as TensorOf<"conv2d">;
}

/**
 * The convolutions that give the gradient where there was a stride s: those pixels of x that lie alike, one in s along
 * each side, were seen by the same taps, one in s of a kernel.
 */
function partsOf(tensor: InputGrad) {
  const { stride, padding, height, width } = tensor.attrs, n = tensor.shape[0]!;
  const [channels, outputs, kh, kw] = flipped(tensor) as [number, number, number, number];
  const offsets = Array.from({ length: stride }, (_, offset) => offset);
  return offsets.flatMap((top) =>
    offsets.map((left) => {
      const [y, x] = [side(top, { k: kh, stride, padding }), side(left, { k: kw, stride, padding })];
      return {
        stride: 1,
        taps: { stride, a: y.last, b: x.last },
        weight: [channels, outputs, y.count, x.count],
        out: [n, Math.ceil((height - top) / stride), Math.ceil((width - left) / stride), channels],
        padding: [y.padding, x.padding] as const,
        into: { step: stride, top, left, rows: height, columns: width },
      };
    })
  );
}

/** Along one side: the last tap that saw pixels at `offset`, how many did, and how far the first of dy lies before. */
function side(
  offset: number,
  { k, stride, padding }: { k: number; stride: number; padding: number },
): { last: number; count: number; padding: number } {
  const first = (offset + padding) % stride;
  const last = first + stride * (Math.ceil((k - first) / stride) - 1);
  return {
    last,
    count: Math.max(0, Math.ceil((k - first) / stride)),
    padding: (last - offset - padding) / stride,
  };
}
