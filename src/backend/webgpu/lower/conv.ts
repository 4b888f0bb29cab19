import { flopOf } from "../../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Command, Operand, Scratch } from "../commands.ts";
import type { Rules, Target } from "../lowering.ts";
import { packed } from "../pack_in_run.ts";
import { matrix, product } from "../product.ts";
import { byElement, eachElement } from "../each_element.ts";
import { channelAffine } from "./norm.ts";
import { reduced } from "./reduce.ts";

/** Results of a workgroup of `conv2d_weight_grad` along either side, as in the kernel. */
const block = 32;
/** Positions that one thread of it adds at least, and workgroups that keep a GPU busy. */
const fewestPositions = 64, manyWorkgroups = 256;

/** How the ops of convolution and pooling become commands. */
export const convLowering: Rules<"conv2d" | "depth_to_space"> = {
  conv2d: lowerConv,
  depth_to_space: (tensor) => {
    const [, , w, channels] = tensor.inputs.x.shape as [number, number, number, number];
    return byElement("depth_to_space", tensor, {
      constants: { W: w, C: channels / 4 },
      bindings: { ...tensor.inputs },
    });
  },
};

/** The same for those that need the kernels of training. */
export const convTraining: Rules<"conv2d_input_grad" | "conv2d_weight_grad" | "max_pool" | "max_pool_grad"> =
  {
    // The convolution of dy, spread by the stride, by the weight turned around.
    conv2d_input_grad: (tensor, target) => {
      const { inputs: { dy, weight }, attrs: { stride, padding, height, width } } = tensor;
      const [n, h, w, outputs] = dy.shape as [number, number, number, number];
      const kernel = squareKernel("conv2d_input_grad", weight.shape.slice(2));
      const turned = packed(weight, { turned: true }), commands = [turned.command];
      // As large as gives the image's size: rows that the stride left over are zeros, too.
      const [spreadH, spreadW] = [height, width].map((length) => length + 2 * padding - kernel + 1) as [
        number,
        number,
      ];
      let source: Operand = dy;
      if (spreadH !== h || spreadW !== w) {
        source = { scratch: "spread", bytes: 4 * n * spreadH * spreadW * outputs };
        const size = n * spreadH * spreadW * outputs;
        commands.push(eachElement("dilate", {
          size,
          constants: { H: h, W: w, C: outputs, OH: spreadH, OW: spreadW, STRIDE: stride },
          bindings: { x: dy, out: source },
          flop: size,
        }));
      }
      const channels = tensor.shape[3]!;
      commands.push(product({
        ...{ n, h: spreadH, w: spreadW, channels: outputs, outH: height, outW: width, outputs: channels },
        ...{ kernel, stride: 1, padding: kernel - 1 - padding },
        operands: { x: source, weight: turned.matrix, out: tensor as Tensor },
      }, target));
      return commands;
    },
    conv2d_weight_grad: (tensor) => {
      const { inputs: { x, dy, affine }, attrs: { stride, padding, kernel: sides, swish } } = tensor;
      const kernel = squareKernel("conv2d_weight_grad", sides), taps = kernel * kernel;
      const [, h, w, channels] = x.shape as [number, number, number, number];
      const [n, outH, outW, outputs] = dy.shape as [number, number, number, number];
      const m = n * outH * outW, size = sizeOf(tensor.shape);
      const tiles = taps * Math.ceil(outputs / block) * Math.ceil(channels / block);
      const wanted = Math.min(Math.ceil(manyWorkgroups / tiles), Math.ceil(m / fewestPositions));
      const chunk = Math.max(1, Math.ceil(m / Math.max(1, wanted)));
      const parts = Math.max(1, Math.ceil(m / chunk));
      const sums: Operand = parts > 1 ? { scratch: "parts", bytes: 4 * parts * size } : tensor as Tensor;
      // What the convolution read, computed again.
      const activated: Operand = affine ? { scratch: "activated", bytes: 4 * sizeOf(x.shape) } : x;
      const activation = { shape: x.shape, swish: Boolean(swish) };
      return [
        ...affine && n > 0 ? [channelAffine({ x, affine, out: activated }, activation)] : [],
        {
          kernel: "conv2d_weight_grad",
          constants: {
            ...{ H: h, W: w, C: channels, OH: outH, OW: outW, O: outputs, M: m, KERNEL: kernel, TAPS: taps },
            ...{ STRIDE: stride, PADDING: padding, PARTS: parts, CHUNK: chunk },
          },
          bindings: { x: activated, dy, out: sums },
          workgroups: [Math.ceil(channels / block), Math.ceil(outputs / block), taps * parts],
          flop: flopOf(tensor as Tensor),
        },
        ...parts > 1
          ? [reduced({ x: sums, out: tensor as Tensor, size, count: parts, inner: size, sum: true })]
          : [],
      ];
    },
    max_pool: (tensor) => pooling(tensor),
    max_pool_grad: (tensor) => pooling(tensor, tensor.inputs.dy),
  };

/** The dispatches of a convolution. */
function lowerConv(tensor: TensorOf<"conv2d">, target: Target): Command[] {
  const { x, weight, bias, affine, residual } = tensor.inputs;
  const { stride, padding, swish, depthToSpace } = tensor.attrs;
  const [n, h, w, channels] = x.shape as [number, number, number, number];
  const [outputs, , kernel, width] = weight.shape as [number, number, number, number];
  if (kernel !== width) {
    throw new BackendError("Cannot lower conv2d", { expected: "a square kernel", got: `${kernel}×${width}` });
  }
  const outH = Math.floor((h + 2 * padding - kernel) / stride) + 1;
  const outW = Math.floor((w + 2 * padding - kernel) / stride) + 1;
  const sizes = { n, h, w, channels, outH, outW, outputs, kernel, stride, padding, depthToSpace };
  const packed = matrix(weight, target);
  const operands = { weight: packed.operand, bias, residual, out: tensor as Tensor };
  if (target.tiling === "staged" || kernel === 1 || !affine) {
    return [...packed.commands, product({ ...sizes, swish, operands: { ...operands, x, affine } }, target)];
  }
  // Each thread would activate what nine taps read nine times: the activated image is written once instead.
  const activated: Scratch = { scratch: "activated", bytes: 4 * sizeOf(x.shape) };
  return [
    ...packed.commands,
    channelAffine({ x, affine, out: activated }, { shape: x.shape, swish: Boolean(swish) }),
    product({ ...sizes, operands: { ...operands, x: activated } }, target),
  ];
}

function pooling(tensor: TensorOf<"max_pool" | "max_pool_grad">, dy?: Tensor): Command[] {
  const { x } = tensor.inputs, [, h, w, channels] = x.shape as [number, number, number, number];
  return [eachElement("max_pool", {
    size: sizeOf(tensor.shape),
    constants: { H: h, W: w, C: channels, GRADIENT: Boolean(dy) },
    bindings: { x, dy, out: tensor as Tensor },
    flop: sizeOf(tensor.shape),
  })];
}

function squareKernel(op: string, sides: readonly number[]): number {
  if (sides[0] === sides[1]) return sides[0]!;
  throw new BackendError(`Cannot lower ${op}`, { expected: "a square kernel", got: sides.join("×") });
}
