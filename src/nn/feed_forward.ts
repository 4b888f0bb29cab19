import { swiglu } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { dense } from "./dense.ts";
import type { Scope } from "./scope.ts";

/** `w2(silu(w1 x) · w3 x)`, without biases. x `[…,D]` → `[…,D]`. */
export function feedForward(scope: Scope, x: Tensor, hidden: number): Tensor {
  const gated = swiglu(dense(scope.at("w1"), x, hidden), dense(scope.at("w3"), x, hidden));
  return dense(scope.at("w2"), gated, x.shape.at(-1)!);
}
