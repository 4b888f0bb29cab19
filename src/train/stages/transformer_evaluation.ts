import type { Backend, States } from "../../backend/backend.ts";
import { crossEntropy, input, mean, reshape } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type Graph, graphOf } from "../../graph/trace.ts";
import type { TransformerConfig } from "../../networks/transformer/config.ts";
import { teacherForced } from "../../networks/transformer/network.ts";
import { subTokensOf } from "../../networks/transformer/sub_tokens.ts";
import { transformerShapes } from "../../models/transformer_weights.ts";
import type { Pick } from "../../data/picks.ts";
import { tokenBatch } from "../../data/token_batches.ts";
import type { TokenSet } from "../../data/token_set.ts";

/** `classes` u32 `[n]`, `pre` and `post` u32 `[n,positions]` → each image's mean cross-entropies, `[n]`. */
function evaluationGraph(config: TransformerConfig, n: number): Graph {
  const positions = config.grid ** 2;
  const tokens = (name: string) => input(name, { shape: [n, positions], dtype: "u32" });
  const pre = tokens("pre"), post = tokens("post"), classes = input("classes", { shape: [n], dtype: "u32" });
  const { logits_pre, logits_post } = teacherForced(config, { classes, pre, post });
  const loss = (logits: Tensor, words: Tensor) => {
    const rows = n * positions, flat = reshape(logits, [rows, logits.shape[2]!]);
    const each = crossEntropy(flat, reshape(words, [rows]));
    return reshape(mean(reshape(each, [n, positions]), [1]), [n]);
  };
  return graphOf({ loss_pre: loss(logits_pre, pre), loss_post: loss(logits_post, post) });
}

/** Mean cross-entropies over images, without dropout, in nats. */
export interface TransformerQuality {
  readonly evaluation_loss: number;
  readonly evaluation_loss_pre: number;
  readonly evaluation_loss_post: number;
}

/** Most images of an evaluation, spread over all. */
const mostEvaluated = 10_000;

/** Evaluates a transformer, by the weights among `states`, on the first `length` images of a set, `batch` at a time. */
export async function evaluateTransformer(
  config: TransformerConfig,
  { backend, states, set, length, batch }: {
    backend: Backend;
    states: { read: States["read"] };
    set: TokenSet;
    length: number;
    batch: number;
  },
): Promise<TransformerQuality> {
  const graph = evaluationGraph(config, batch);
  const source = {
    shapes: transformerShapes(config),
    read: async (name: string) => (await states.read(name)).data as Float32Array,
  };
  await using weights = await backend.load(source, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const count = Math.min(length, mostEvaluated), sums = { pre: 0, post: 0 };
  for (let start = 0; start < count; start += batch) {
    // The last image fills the last batch, and is not counted again.
    const pick = (_: number, slot: number): Pick => ({
      index: Math.floor(Math.min(start + slot, count - 1) * length / count),
      mirrored: false,
      crop: "center",
    });
    const sampler = { batch, pick }, { tokens, labels } = await tokenBatch(set, sampler, 0);
    const results = await program.run({ classes: labels, ...subTokensOf(tokens, config.bits) });
    for (let i = 0; i < Math.min(batch, count - start); i++) {
      sums.pre += results.loss_pre!.data[i]!;
      sums.post += results.loss_post!.data[i]!;
    }
  }
  const [pre, post] = [sums.pre / count, sums.post / count];
  return { evaluation_loss: pre + post, evaluation_loss_pre: pre, evaluation_loss_post: post };
}
