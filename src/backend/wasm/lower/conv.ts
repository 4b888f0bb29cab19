import { Opcode } from "../../../../wasm/opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { convCommands } from "../conv.ts";
import { inputGradCommands } from "../conv_grad.ts";
import { weightGradCommands } from "../conv_weight_grad.ts";
import type { Rules } from "../lowering.ts";
import { packConv, plainConvBytes } from "../pack_plain.ts";

/** How the ops of convolution and pooling become commands. */
export const convLowering: Rules<"conv2d" | "depth_to_space"> = {
  conv2d: (tensor, at) => {
    const { x, affine, weight, bias, residual } = tensor.inputs;
    const packed = at.packed(weight);
    const pointers = {
      x: at.of(x),
      affine: at.of(affine),
      weight: packed ? at.of(weight) : at.scratch,
      bias: at.of(bias),
      residual: at.of(residual),
      out: at.of(tensor as Tensor),
    };
    if (packed) return convCommands(tensor, pointers, at.scratch);
    const scratch = at.scratch + plainConvBytes(weight.shape);
    return [
      packConv(at.of(weight), weight.shape, at.scratch),
      ...convCommands(tensor, pointers, scratch),
    ];
  },
  depth_to_space: (tensor, at) => {
    const [n, h, w, channels] = tensor.inputs.x.shape as [number, number, number, number];
    const args = [at.of(tensor.inputs.x), at.of(tensor as Tensor), n * h, w, channels / 4];
    return [{ opcode: Opcode.DepthToSpace, items: n * h, args }];
  },
};

/** The same for those that need the kernels of training. */
export const convTraining: Rules<"conv2d_input_grad" | "conv2d_weight_grad" | "max_pool" | "max_pool_grad"> =
  {
    conv2d_input_grad: inputGradCommands,
    conv2d_weight_grad: weightGradCommands,
    max_pool: (tensor, at) => {
      const [n, h, w, channels] = tensor.inputs.x.shape as [number, number, number, number];
      const args = [at.of(tensor.inputs.x), at.of(tensor as Tensor), h, w, channels];
      return [{ opcode: Opcode.MaxPool, items: n * (h >> 1), args }];
    },
    max_pool_grad: (tensor, at) => {
      const { x, dy } = tensor.inputs, [n, h, w, channels] = x.shape as [number, number, number, number];
      const args = [at.of(x), at.of(dy), at.of(tensor as Tensor), h, w, channels];
      return [{ opcode: Opcode.MaxPoolGrad, items: n * ((h + 1) >> 1), args }];
    },
  };
