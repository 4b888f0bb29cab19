import { flopOf } from "../../graph/flop.ts";
import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type AnyKernelName, type Command, folded, type Operand, workgroupSize } from "./commands.ts";
import type { Constants } from "./specialise.ts";

/** One thread for each of `size` elements. */
export function eachElement(
  kernel: AnyKernelName,
  { size, constants = {}, bindings, flop }: {
    size: number;
    constants?: Constants;
    bindings: Readonly<Record<string, Operand | undefined>>;
    flop: number;
  },
): Command {
  return {
    kernel,
    constants: { WORKGROUP: workgroupSize, SIZE: size, ...constants },
    bindings,
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop,
  };
}

/** One thread for each element of the result of `tensor`'s op. */
export function byElement(
  kernel: AnyKernelName,
  tensor: Tensor,
  { bindings, size = sizeOf(tensor.shape), constants }: {
    constants?: Constants;
    bindings: Readonly<Record<string, Operand | undefined>>;
    size?: number;
  },
): Command[] {
  const flop = flopOf(tensor);
  return [eachElement(kernel, { size, constants, bindings: { ...bindings, out: tensor }, flop })];
}
