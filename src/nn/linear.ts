import * as ops from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

/** A linear layer without bias: x `[…,C]` → `[…,outputs]`. */
export function linear(scope: Scope, x: Tensor, outputs: number): Tensor {
  return ops.linear(x, { weight: scope.param("weight", [outputs, x.shape.at(-1)!]) });
}
