import type { Cancellable } from "../backend/backend.ts";
import { u32Tensor } from "../tensor/tensor.ts";
import type { TransformerEngine } from "./engine.ts";
import { classConditioning } from "../networks/transformer/conditioning.ts";
import { subTokens } from "../networks/transformer/network.ts";
import { subTokensOf } from "../networks/transformer/sub_tokens.ts";

/** An image of a class, as the tokens at all positions. */
interface Generated {
  readonly classId: number;
  readonly tokens: Uint32Array;
}

/**
 * The candidate to which the model gives the highest probability under its class, of all tokens together. An image that
 * went astray while it was generated is one that the model itself finds unlikely. The caller holds the engine's lock.
 */
export async function likeliest<One extends Generated>(
  engine: TransformerEngine,
  candidates: readonly One[],
  options: Cancellable,
): Promise<One> {
  let [best] = candidates as [One], least = Infinity;
  // One after the other: logits of all positions are large, and no image's may depend on how many there are.
  for (const candidate of candidates.length > 1 ? candidates : []) {
    const nats = await natsOf(engine, candidate, options);
    if (nats < least) [best, least] = [candidate, nats];
  }
  return best;
}

/** − log p(tokens | class), in nats: over both sub-tokens of all positions. */
async function natsOf(
  engine: TransformerEngine,
  { classId, tokens }: Generated,
  options: Cancellable,
): Promise<number> {
  const words = subTokensOf(u32Tensor([1, tokens.length], tokens), engine.config.bits);
  const condition = classConditioning(engine.config).inputs([classId]);
  const logits = await engine.teacherForced(1, {
    inputs: { ...condition, ...words },
    action: "choose an image",
    ...options,
  });
  return subTokens.reduce((nats, name) => {
    const { data } = logits[`logits_${name}`]!, width = data.length / tokens.length;
    return words[name].data.reduce(
      (sum, word, at) => sum + crossEntropy(data.subarray(at * width, (at + 1) * width), word),
      nats,
    );
  }, 0);
}

/** − log softmax(logits)[word]. */
function crossEntropy(logits: ArrayLike<number>, word: number): number {
  let most = -Infinity, sum = 0;
  for (let i = 0; i < logits.length; i++) most = Math.max(most, logits[i]!);
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - most);
  return most + Math.log(sum) - logits[word]!;
}
