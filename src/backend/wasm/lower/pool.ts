import { Opcode } from "../_generated_opcodes.ts";
import type { Attrs, Tensor } from "../../../graph/ops.ts";
import type { PoolFn } from "../../../graph/ops/pool.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { volumeOf, volumeWindow } from "../../volume.ts";
import type { Rules } from "../lowering.ts";

/** How pooling becomes commands. */
export const poolLowering: Rules<"pool"> = {
  pool: (tensor, at) => {
    const { inputs: { x }, attrs } = tensor, [n, ...out] = volumeOf(tensor.shape);
    const args = [at.of(x), at.of(tensor as Tensor), ...poolArguments(x, { out: tensor, attrs })];
    return [{ opcode: Opcode.Pool, items: n * out[0] * out[1], args }];
  },
};

/** The same for its gradient, which needs the kernels of training. */
export const poolTraining: Rules<"pool_grad"> = {
  pool_grad: (tensor, at) => {
    const { inputs: { x, dy }, attrs } = tensor, blocks = Math.ceil(x.shape.at(-1)! / channelBlock);
    const args = [at.of(x), at.of(dy), at.of(tensor as Tensor), ...poolArguments(x, { out: dy, attrs })];
    return [{ opcode: Opcode.PoolGrad, items: x.shape[0]! * blocks, args }];
  },
};

/** Channels of one item of the gradient. */
const channelBlock = 16;
/** As in `wasm/pool.ts`. */
const kinds: Readonly<Record<PoolFn, number>> = { max: 0, average: 1, average_padded: 2 };

/** The arguments of a pooling of x, or of its gradient, that follow the addresses. */
function poolArguments(
  x: Tensor,
  { out, attrs }: { out: { readonly shape: Shape }; attrs: Attrs<"pool"> },
): number[] {
  const { kernel, stride, before } = volumeWindow(attrs);
  return [
    ...[kinds[attrs.fn], ...volumeOf(x.shape).slice(1), ...volumeOf(out.shape).slice(1, -1)],
    ...[...kernel, ...stride, ...before],
  ];
}
