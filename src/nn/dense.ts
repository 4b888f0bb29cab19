import { embedding, linear } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

/** A linear layer without bias: x `[…,C]` → `[…,outputs]`. */
export function dense(scope: Scope, x: Tensor, outputs: number): Tensor {
  return linear(x, { weight: scope.param("weight", [outputs, x.shape.at(-1)!]) });
}

/** Learned vectors of `width` for index u32 `[…]` below `words` → `[…,width]`. */
export function lookUp(
  scope: Scope,
  index: Tensor,
  { words, width }: { words: number; width: number },
): Tensor {
  return embedding(scope.param("weight", [words, width]), index);
}
