import { swiglu } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { linear } from "./linear.ts";
import type { Scope } from "./scope.ts";

/** A SwiGLU feed-forward layer (arXiv 2002.05202) without biases: `w2(silu(w1 x) · w3 x)`. x `[…,D]` → `[…,D]`. */
export function feedForward(scope: Scope, x: Tensor, hidden: number): Tensor {
  const gated = swiglu(linear(scope.at("w1"), x, hidden), linear(scope.at("w3"), x, hidden));
  return linear(scope.at("w2"), gated, x.shape.at(-1)!);
}
