import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { volumeOf, volumeWindow } from "../../volume.ts";
import type { Command } from "../commands.ts";
import { byElement } from "../each_element.ts";
import type { Rules } from "../lowering.ts";
import { windowConstants } from "../windows.ts";

/** How pooling becomes commands. */
export const poolLowering: Rules<"pool"> = {
  pool: (tensor) => pooling(tensor, { out: tensor as Tensor }),
};

/** The same for its gradient, which only training needs. */
export const poolTraining: Rules<"pool_grad"> = {
  pool_grad: (tensor) => pooling(tensor, { out: tensor.inputs.dy, dy: tensor.inputs.dy }),
};

/** The dispatch of a pooling whose result has the shape of `out`, or, with `dy`, of its gradient. */
function pooling(
  tensor: TensorOf<"pool" | "pool_grad">,
  { out, dy }: { out: Tensor; dy?: Tensor },
): Command[] {
  const { inputs: { x }, attrs } = tensor;
  return byElement("pool", tensor as Tensor, {
    constants: {
      ...{ C: x.shape.at(-1)!, GRADIENT: Boolean(dy) },
      ...{ MAX: attrs.fn === "max", PADDED: attrs.fn === "average_padded" },
      ...windowConstants({ x: volumeOf(x.shape), out: volumeOf(out.shape), ...volumeWindow(attrs) }),
    },
    bindings: { x, ...dy && { dy } },
  });
}
