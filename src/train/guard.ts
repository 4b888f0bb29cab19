import { apply, lfqPack, mul, reshape } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";

/** Whether all of `numbers`, each `[]`, are finite: u32 `[]`, 1 or 0. */
export function allFinite(numbers: readonly Tensor[]): Tensor {
  const each = numbers.map((x) => apply("between", { x }, { low: -Infinity, high: Infinity }));
  return lfqPack(reshape(each.reduce(mul), [1]));
}

/** The same effects, which leave all states as they are where `when`, u32 `[]`, is 0. */
export function guarded(effects: readonly Tensor[], when: Tensor): Tensor[] {
  return effects.map((tensor) => {
    if (tensor.op === "assign") return apply("assign", { ...tensor.inputs, when }, tensor.attrs);
    return tensor.op === "adam" ? apply("adam", { ...tensor.inputs, when }, tensor.attrs) : tensor;
  });
}
