import * as ops from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

/** A table of learned vectors: index u32 `[…]`, below `vocabSize`, → `[…,width]`. */
export function embedding(
  scope: Scope,
  index: Tensor,
  { vocabSize, width }: { vocabSize: number; width: number },
): Tensor {
  return ops.embedding(scope.param("weight", [vocabSize, width]), index);
}
