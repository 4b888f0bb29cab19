import { add, constant, guide, philox, sample, select } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { type Graph, trace } from "../graph/trace.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import { classConditioning } from "../networks/transformer/conditioning.ts";
import { subTokens, TransformerNetwork } from "../networks/transformer/network.ts";
import { type GraphDType, u32Tensor } from "../tensor/tensor.ts";

/** How many images a step generates at once, and what it outputs. */
export interface StepExtent {
  /** Images. */
  readonly n: number;
  /** Two rows for each image, the second for the null condition. */
  readonly guided: boolean;
  /** Also output the logits that tokens were sampled from. */
  readonly logits?: boolean;
  /** Store keys and values as f16. */
  readonly f16Cache?: boolean;
}

/**
 * One token of n images, with the keys and values of earlier tokens as states. There are R = n rows, or with guidance 2·n:
 * row n + i is image i under the null condition.
 *
 * Inputs, which `stepInputs` makes: those of the conditioning; `position`, and the previous token's `pre` and `post`, u32
 * `[R]` (not used at position 0); `key` u32 `[n,2]` and `counter` u32 `[n,4]` of Philox; for each sub-token s of pre, post:
 * `temperature_s` f32, `top_k_s` u32, `top_p_s` f32 and, with guidance, `guidance_s` f32, all `[n]`.
 * Outputs: `pre` and `post` u32 `[R]`; with `logits` also `logits_pre` and `logits_post` `[n,2^b]` after guidance.
 */
export function stepGraph(
  config: TransformerConfig,
  { n, guided, logits = false, f16Cache = false }: StepExtent,
): Graph {
  const rows = guided ? 2 * n : n;
  const spec = (dtype: GraphDType, ...shape: number[]) => ({ shape, dtype });
  const conditioning = classConditioning(config);
  const specs = {
    ...conditioning.specs(rows),
    position: spec("u32", rows),
    pre: spec("u32", rows),
    post: spec("u32", rows),
    key: spec("u32", n, 2),
    counter: spec("u32", n, 4),
    ...Object.fromEntries(subTokens.flatMap((name) => [
      [`temperature_${name}`, spec("f32", n)],
      [`top_k_${name}`, spec("u32", n)],
      [`top_p_${name}`, spec("f32", n)],
      ...(guided ? [[`guidance_${name}`, spec("f32", n)] as const] : []),
    ])),
  };
  return trace(specs, (inputs) => {
    const model = new TransformerNetwork(config);
    const { position, pre, post } = inputs as Record<string, Tensor>;
    const random = philox(inputs.key!, inputs.counter!);
    let x = select(position!, {
      a: add(model.embed("pre", pre!), model.embed("post", post!)),
      b: conditioning.embed(inputs),
    });
    const kept = model.caches("spatial_blocks", { rows, positions: config.grid ** 2, f16: f16Cache });
    x = model.blocks("spatial_blocks", x, { position: position!, caches: kept });

    const caches = model.caches("factorized_blocks", { rows, positions: 2 });
    const outputs: Record<string, Tensor> = {};
    subTokens.forEach((name, i) => {
      const at = constant(u32Tensor([rows], new Uint32Array(rows).fill(i)));
      x = model.blocks("factorized_blocks", x, { position: at, caches });
      let scores = model.head(i, x);
      if (guided) scores = guide(scores, inputs[`guidance_${name}`]!);
      if (logits) outputs[`logits_${name}`] = scores;
      outputs[name] = sample(scores, {
        temperature: inputs[`temperature_${name}`]!,
        topK: inputs[`top_k_${name}`]!,
        topP: inputs[`top_p_${name}`]!,
        random,
        word: i,
        repeat: rows / n,
      });
      if (i === 0) x = model.embed("pre", outputs.pre!);
    });
    return outputs;
  });
}
