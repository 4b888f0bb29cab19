import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { outputSizes } from "../../../graph/window.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { volumeOf, volumeWindow } from "../../volume.ts";
import { convCommands } from "../conv.ts";
import { inputGradCommands } from "../conv_grad.ts";
import { weightGradCommands } from "../conv_weight_grad.ts";
import type { Rules } from "../lowering.ts";
import { packConv, plainConvBytes } from "../pack_conv.ts";

/** How the ops of convolution become commands. */
export const convLowering: Rules<"conv" | "depth_to_space"> = {
  conv: (tensor, at) => {
    const { inputs: { x, affine, weight, bias, residual }, attrs } = tensor;
    const packed = at.packed(weight) ? undefined : at.scratch(plainConvBytes(weight.shape));
    const kernel = weight.shape.slice(2), sizes = outputSizes(x.shape.slice(1, -1), { ...attrs, kernel });
    const conv = {
      ...{ x: volumeOf(x.shape), out: volumeOf([x.shape[0]!, ...sizes, weight.shape[0]!]) },
      ...{ swish: attrs.swish, depthToSpace: attrs.depthToSpace, ...volumeWindow({ ...attrs, kernel }) },
    };
    const pointers = {
      x: at.of(x),
      affine: at.of(affine),
      weight: packed ?? at.of(weight),
      bias: at.of(bias),
      residual: at.of(residual),
      out: at.of(tensor as Tensor),
    };
    return [
      ...packed === undefined ? [] : [packConv(at.of(weight), weight.shape, packed)],
      ...convCommands(conv, pointers, at.scratch),
    ];
  },
  depth_to_space: (tensor, at) => {
    const { x } = tensor.inputs, rows = sizeOf(x.shape.slice(0, -2));
    const [w, channels] = x.shape.slice(-2) as [number, number];
    const args = [at.of(x), at.of(tensor as Tensor), rows, w, channels / 4];
    return [{ opcode: Opcode.DepthToSpace, items: rows, args }];
  },
};

/** The same for those that need the kernels of training. */
export const convTraining: Rules<"conv_input_grad" | "conv_weight_grad"> = {
  conv_input_grad: inputGradCommands,
  conv_weight_grad: weightGradCommands,
};
