import { apply, between, isPositive, mul } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";

/** 1 where all of `numbers`, each `[]`, are finite, else 0; `[]`. */
export function allFinite(numbers: readonly Tensor[]): Tensor {
  return numbers.map((x) => between(x, {})).reduce(mul);
}

/** The same effects, which change nothing where `flag`, `[]`, is not above 0. */
export function skipNonfinite(effects: readonly Tensor[], flag: Tensor): Tensor[] {
  const when = isPositive(flag);
  return effects.map((tensor) => {
    if (tensor.op === "assign") return apply("assign", { ...tensor.inputs, when }, tensor.attrs);
    return tensor.op === "adam" ? apply("adam", { ...tensor.inputs, when }, tensor.attrs) : tensor;
  });
}
