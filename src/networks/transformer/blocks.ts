import { add } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type Places, selfAttention } from "../../nn/attention.ts";
import { feedForward } from "../../nn/feed_forward.ts";
import { rootMeanSquareNorm } from "../../nn/rms_norm.ts";
import type { Scope } from "../../nn/scope.ts";

/** What is done to embeddings and to what a block adds: nothing, or in training, dropout. */
export type Drop = (x: Tensor) => Tensor;

/** h = x + attention(norm x), then h + feed-forward(norm h), what is added going through `drop`. */
export function block(
  scope: Scope,
  x: Tensor,
  { hidden, drop, ...places }: Places & { hidden: number; drop: Drop },
): Tensor {
  const mixed = selfAttention(
    scope.at("attention"),
    rootMeanSquareNorm(scope.at("attention_norm"), x),
    places,
  );
  const h = add(x, drop(mixed));
  const fed = feedForward(scope.at("feed_forward"), rootMeanSquareNorm(scope.at("ffn_norm"), h), hidden);
  return add(h, drop(fed));
}
