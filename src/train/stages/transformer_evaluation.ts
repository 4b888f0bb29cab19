import type { Backend, States } from "../../backend/backend.ts";
import { input, mean, reshape } from "../../graph/build.ts";
import { crossEntropy } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type Graph, graphOf } from "../../graph/trace.ts";
import { u32Tensor } from "../../tensor/tensor.ts";
import type { TransformerConfig } from "../../transformer/config.ts";
import { teacherForced } from "../../transformer/programs.ts";
import { transformerShapes } from "../../transformer/weights.ts";
import type { TokenTable } from "./token_table.ts";

/** `classes` u32 `[n]`, `pre` and `post` u32 `[n,positions]` → each picture's mean cross-entropies, `[n]`. */
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

/** Mean cross-entropies over pictures, without dropout, in nats. */
export interface TransformerQuality {
  readonly evaluation_loss: number;
  readonly evaluation_loss_pre: number;
  readonly evaluation_loss_post: number;
}

/** Holds a transformer, by the weights among `states`, against all pictures of a table, as they are, `batch` at a time. */
export async function evaluateTransformer(
  config: TransformerConfig,
  { backend, states, table, labels, batch }: {
    backend: Backend;
    states: States;
    table: TokenTable;
    labels: Uint32Array;
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
  const count = labels.length, sums = { pre: 0, post: 0 };
  for (let start = 0; start < count; start += batch) {
    // Where fewer are left, the last one fills the batch, and is not counted.
    const picks = Array.from({ length: batch }, (_, i) => ({
      picture: Math.min(start + i, count - 1),
      mirrored: false,
    }));
    const { pre, post } = table.subTokens(picks, config.bits), shape = [batch, table.positions];
    const results = await program.run({
      classes: u32Tensor([batch], Uint32Array.from(picks, ({ picture }) => labels[picture]!)),
      pre: u32Tensor(shape, pre),
      post: u32Tensor(shape, post),
    });
    for (let i = 0; i < Math.min(batch, count - start); i++) {
      sums.pre += results.loss_pre!.data[i]!;
      sums.post += results.loss_post!.data[i]!;
    }
  }
  const [pre, post] = [sums.pre / count, sums.post / count];
  return { evaluation_loss: pre + post, evaluation_loss_pre: pre, evaluation_loss_post: post };
}
