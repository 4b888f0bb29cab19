import { add } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { type Places, selfAttention } from "../nn/attention.ts";
import { feedForward } from "../nn/feed_forward.ts";
import { rootMeanSquareNorm } from "../nn/rms_norm.ts";
import type { Scope } from "../nn/scope.ts";

/** h = x + attention(norm x), then h + feed-forward(norm h). */
export function block(
  scope: Scope,
  x: Tensor,
  { hidden, ...places }: Places & { hidden: number },
): Tensor {
  const h = add(
    x,
    selfAttention(scope.at("attention"), rootMeanSquareNorm(scope.at("attention_norm"), x), places),
  );
  return add(h, feedForward(scope.at("feed_forward"), rootMeanSquareNorm(scope.at("ffn_norm"), h), hidden));
}
