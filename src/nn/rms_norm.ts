import * as ops from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

const eps = 1e-5;

/** RMSNorm (arXiv 1910.07467) over the last axis with a learned weight. */
export function rmsNorm(scope: Scope, x: Tensor): Tensor {
  return ops.rmsNorm(x, { weight: scope.param("weight", [x.shape.at(-1)!]), eps });
}
