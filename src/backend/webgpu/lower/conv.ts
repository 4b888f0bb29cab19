import { flopOf } from "../../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { outputSizes } from "../../../graph/window.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Axes3, type Volume, volumeOf, volumeWindow } from "../../volume.ts";
import { type Algorithm, lowerByFirstFit } from "../../algorithms.ts";
import type { Command, Operand, Scratch } from "../commands.ts";
import type { Rules, Target } from "../lowering.ts";
import { packed } from "../pack_in_run.ts";
import { matrix, type Product, product } from "../product.ts";
import { byElement, eachElement } from "../each_element.ts";
import { blockOf, chooseTile, loadsOfThread, tileConstants } from "../tiles.ts";
import { windowConstants } from "../windows.ts";
import { channelAffine } from "./norm.ts";
import { reduced } from "./reduce.ts";

/** Results of a workgroup of `conv_weight_grad` along either side, as in the kernel. */
const block = 32;
/** Positions that one thread of it adds at least, and workgroups that keep a GPU busy. */
const fewestPositions = 64, manyWorkgroups = 256;

/** How the ops of convolution become commands. */
export const convLowering: Rules<"conv" | "depth_to_space"> = {
  conv: lowerConv,
  depth_to_space: (tensor) => {
    const [w, channels] = tensor.inputs.x.shape.slice(-2) as [number, number];
    return byElement("depth_to_space", tensor, {
      constants: { W: w, C: channels / 4 },
      bindings: { ...tensor.inputs },
    });
  },
};

/** The same for those that need the kernels of training. */
export const convTraining: Rules<"conv_input_grad" | "conv_weight_grad"> = {
  // The convolution of dy, spread by the stride, by the weight turned around.
  conv_input_grad: (tensor, target) => {
    const { inputs: { dy, weight }, attrs } = tensor, x = volumeOf(tensor.shape);
    const [n, , , , outputs] = volumeOf(dy.shape), turned = packed(weight, { turned: true });
    const { kernel, stride, before } = volumeWindow({ ...attrs, kernel: weight.shape.slice(2) });
    const commands = [turned.command];
    let source: Operand = dy, from = volumeOf(dy.shape);
    if (stride.some((step) => step > 1)) {
      const spread = from.map((length, axis) =>
        axis === 0 || axis === 4 ? length : (length - 1) * stride[axis - 1]! + 1
      ) as unknown as Volume;
      const size = sizeOf(spread);
      source = { scratch: "spread", bytes: 4 * size };
      commands.push(eachElement("dilate", {
        size,
        constants: {
          C: outputs,
          ...windowConstants({ x: from, out: spread, kernel, stride, before }),
        },
        bindings: { x: dy, out: source },
        flop: size,
      }));
      from = spread;
    }
    commands.push(...product({
      ...{ x: from, out: [n, x[1], x[2], x[3], x[4]], kernel, stride: [1, 1, 1] },
      before: before.map((zeros, axis) => kernel[axis]! - 1 - zeros) as unknown as Axes3,
      operands: { x: source, weight: turned.matrix, out: tensor as Tensor },
    }, target));
    return commands;
  },
  conv_weight_grad: (tensor, target) => {
    const { inputs: { x, dy, affine }, attrs: { swish, ...attrs } } = tensor, taps = sizeOf(attrs.kernel);
    const channels = x.shape.at(-1)!, outputs = dy.shape.at(-1)!, n = x.shape[0]!;
    const m = sizeOf(dy.shape.slice(0, -1)), size = sizeOf(tensor.shape);
    const sizes = { rows: outputs, outputs: channels, depth: m, times: taps };
    const tile = chooseTile(target, sizes), [blockO, blockC] = tile.staged ? blockOf(tile) : [block, block];
    const tiles = taps * Math.ceil(outputs / blockO) * Math.ceil(channels / blockC);
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
        kernel: tile.staged ? "conv_weight_grad_staged" : "conv_weight_grad",
        constants: {
          ...{ C: channels, O: outputs, M: m, TAPS: taps, PARTS: parts, CHUNK: chunk },
          ...tile.staged && {
            ...{ ...tileConstants(tile, target), ...loadsOfThread(tile) },
            ...{ X_VECTOR: channels % 4 === 0, DY_VECTOR: outputs % 4 === 0 },
            OUTSIDE: sizeOf(x.shape) / channels,
          },
          ...windowConstants({ x: volumeOf(x.shape), out: volumeOf(dy.shape), ...volumeWindow(attrs) }),
        },
        bindings: { x: activated, dy, out: sums },
        workgroups: [Math.ceil(channels / blockC), Math.ceil(outputs / blockO), taps * parts],
        flop: flopOf(tensor as Tensor),
      },
      ...parts > 1 ? [reduced({ x: sums, out: tensor as Tensor, size, count: parts, inner: size })] : [],
    ];
  },
};

type ConvAlgorithm = Algorithm<[product: Product & { operands: { x: Tensor } }, target: Target], Command>;

/** Norm and swish act while x is read. */
const whileReading: ConvAlgorithm = {
  name: "activated while reading",
  fits: ({ kernel, operands }, target) =>
    target.tiling === "staged" || sizeOf(kernel) === 1 || !operands.affine,
  commands: (given, target) => product(given, target),
};

/** Each thread would activate what nine taps read nine times: the activated map is written once instead. */
const beforeReading: ConvAlgorithm = {
  name: "activated first",
  fits: () => true,
  commands: ({ swish, operands: { affine, ...operands }, ...given }, target) => {
    const { x } = operands, activated: Scratch = { scratch: "activated", bytes: 4 * sizeOf(x.shape) };
    return [
      channelAffine({ x, affine: affine!, out: activated }, { shape: x.shape, swish: Boolean(swish) }),
      ...product({ ...given, operands: { ...operands, x: activated } }, target),
    ];
  },
};

/** The dispatches of a convolution. */
function lowerConv(tensor: TensorOf<"conv">, target: Target): Command[] {
  const { inputs: { x, weight, bias, affine, residual }, attrs } = tensor, { swish, depthToSpace } = attrs;
  const kernel = weight.shape.slice(2), sizes = outputSizes(x.shape.slice(1, -1), { ...attrs, kernel });
  const { operand, commands } = matrix(weight, target);
  const convolution = {
    ...{ x: volumeOf(x.shape), out: volumeOf([x.shape[0]!, ...sizes, weight.shape[0]!]) },
    ...{ ...volumeWindow({ ...attrs, kernel }), swish, depthToSpace },
    operands: { x, weight: operand, bias, affine, residual, out: tensor as Tensor },
  };
  return [...commands, ...lowerByFirstFit([whileReading, beforeReading], convolution, target)];
}
