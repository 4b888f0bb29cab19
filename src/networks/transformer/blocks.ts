import { add } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type AttentionOptions, selfAttention } from "../../nn/attention.ts";
import { feedForward } from "../../nn/feed_forward.ts";
import { rmsNorm } from "../../nn/rms_norm.ts";
import type { Scope } from "../../nn/scope.ts";

/** Applied to the embeddings and to what each layer adds: dropout in training, otherwise the identity. */
export type Drop = (x: Tensor) => Tensor;

/** A pre-norm block: h = x + drop(attention(norm x)), then h + drop(feed-forward(norm h)). */
export function block(
  scope: Scope,
  x: Tensor,
  { hidden, drop, ...options }: AttentionOptions & { hidden: number; drop: Drop },
): Tensor {
  const mixed = selfAttention(
    scope.at("attention"),
    rmsNorm(scope.at("attention_norm"), x),
    options,
  );
  const h = add(x, drop(mixed));
  const fed = feedForward(scope.at("feed_forward"), rmsNorm(scope.at("ffn_norm"), h), hidden);
  return add(h, drop(fed));
}
