import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Command, floatArgument } from "../commands.ts";
import { channelExtent } from "../extents.ts";
import type { Addresses, Rules } from "../lowering.ts";
import { sumCommand } from "./reduce.ts";

/** Rows of RMSNorm's gradients of one item, by x and by weight; channels of one item of sums by channel. */
const normRows = 16, summedRows = 128, channelBlock = 16;

/** How the ops of normalization become commands. */
export const normLowering: Rules<"group_norm_affine" | "channel_affine" | "rms_norm"> = {
  group_norm_affine: (tensor, at) => {
    const { x, weight, bias } = tensor.inputs, { groups, eps } = tensor.attrs;
    const { n, positions, channels, blocks } = channelExtent(x.shape);
    const stride = weight.shape.length === 2 ? channels : 0, partials = at.scratch(8 * n * blocks * channels);
    return [
      {
        opcode: Opcode.NormPartials,
        items: n * blocks,
        args: [at.of(x), partials, positions, channels, blocks],
      },
      {
        opcode: Opcode.NormAffine,
        items: n * groups,
        args: [
          ...[partials, at.of(weight), at.of(bias), at.of(tensor as Tensor)],
          ...[positions, channels, blocks, groups, floatArgument(eps), stride],
        ],
      },
    ];
  },
  channel_affine: (tensor, at) => {
    return [channelAffineCommand({ ...tensor.inputs, ...tensor.attrs, out: at.of(tensor as Tensor) }, at)];
  },
  rms_norm: (tensor, at) => {
    const { x, weight } = tensor.inputs, width = weight.shape[0]!;
    const args = [at.of(x), at.of(weight), at.of(tensor as Tensor), width, floatArgument(tensor.attrs.eps)];
    return [{ opcode: Opcode.RmsNorm, items: sizeOf(x.shape) / width, args }];
  },
};

/** The same for those that need the kernels of training. */
export const normTraining: Rules<
  "channel_sums" | "group_norm_grad" | "rms_norm_grad" | "rms_norm_weight_grad"
> = {
  channel_sums: (tensor, at) => {
    const { x, dy, affine, activation } = tensor.inputs, { n, positions, channels } = channelExtent(x.shape);
    const pointers = [x, dy, affine, activation, tensor as Tensor].map((read) => at.of(read));
    const args = [...pointers, positions, channels];
    return [{ opcode: Opcode.ChannelSums, items: n * Math.ceil(channels / channelBlock), args }];
  },
  group_norm_grad: (tensor, at) => {
    const { x, dy, affine, sums, weight, activation } = tensor.inputs;
    const { n, positions, channels, blocks } = channelExtent(x.shape);
    const pointers = [x, dy, affine, sums, weight, activation, tensor as Tensor].map((read) => at.of(read));
    const stride = weight.shape.length === 2 ? channels : 0;
    return [{
      opcode: Opcode.GroupNormGrad,
      items: n * blocks,
      args: [...pointers, positions, channels, blocks, tensor.attrs.groups, stride],
      scratchBytes: 12 * channels,
    }];
  },
  rms_norm_grad: (tensor, at) => {
    const { x, weight, dy } = tensor.inputs, width = weight.shape[0]!, count = sizeOf(x.shape) / width;
    const pointers = [x, weight, dy, tensor as Tensor].map((read) => at.of(read));
    return [{
      opcode: Opcode.RmsNormGrad,
      items: Math.ceil(count / normRows),
      args: [...pointers, count, width, floatArgument(tensor.attrs.eps)],
    }];
  },
  rms_norm_weight_grad: (tensor, at) => {
    const { x, dy } = tensor.inputs, width = tensor.shape[0]!, count = sizeOf(x.shape) / width;
    const items = Math.ceil(count / summedRows), sums = at.scratch(4 * width * items);
    const args = [at.of(x), at.of(dy), sums, count, width, floatArgument(tensor.attrs.eps)];
    return [
      { opcode: Opcode.RmsNormWeightGrad, items, args },
      sumCommand({ from: sums, out: at.of(tensor as Tensor), outer: 1, count: items, inner: width }),
    ];
  },
};

/** The command that normalises x by channel, and activates it. */
export function channelAffineCommand(
  { x, affine, swish, out }: { x: Tensor; affine: Tensor | undefined; swish: boolean; out: number },
  at: Addresses,
): Command {
  const { n, positions, channels, blocks } = channelExtent(x.shape);
  const args = [at.of(x), at.of(affine), out, positions, channels, blocks, Number(swish)];
  return { opcode: Opcode.ChannelAffine, items: n * blocks, args };
}
