import {
  add,
  concat,
  constant,
  guide,
  philox,
  reshape,
  sample,
  select,
  slice,
  state,
} from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { type Graph, trace } from "../graph/trace.ts";
import { dense, lookUp } from "../nn/dense.ts";
import { rootMeanSquareNorm } from "../nn/rms_norm.ts";
import { ropeTable } from "../nn/rope.ts";
import { Scope } from "../nn/scope.ts";
import { type GraphDType, u32Tensor } from "../tensor/tensor.ts";
import { block, type Drop } from "./blocks.ts";
import { type TransformerConfig, transformerPath } from "./config.ts";

/** The two sub-tokens, as they are called in the checkpoint's names and in the inputs and outputs of programs. */
export const subTokens = ["pre", "post"] as const;

/** Pictures as classes u32 `[B]` and both sub-tokens of their first P positions, u32 `[B,P]`. */
export interface TeacherForced {
  readonly classes: Tensor;
  readonly pre: Tensor;
  readonly post: Tensor;
}

/** The program of `teacherForced`, whose inputs and outputs have the same names. */
export function teacherForcedGraph(
  config: TransformerConfig,
  { n, positions = config.grid ** 2 }: { n: number; positions?: number },
): Graph {
  const index = (...shape: number[]) => ({ shape, dtype: "u32" }) as const;
  const specs = { classes: index(n), pre: index(n, positions), post: index(n, positions) };
  return trace(specs, (inputs) => teacherForced(config, inputs as unknown as TeacherForced));
}

/**
 * All positions at once → `logits_pre` `[B,P,2^b0]`, `logits_post` `[B,P,2^b1]`, each position knowing only those before
 * it (and `logits_post` its own `pre`). `drop` acts on the embeddings and behind each layer of a block.
 */
export function teacherForced(
  config: TransformerConfig,
  { classes, pre, post }: TeacherForced,
  drop: Drop = (x) => x,
): { logits_pre: Tensor; logits_post: Tensor } {
  const { dim } = config, [n, positions] = pre.shape as [number, number];
  const model = new Model(config);
  let x = reshape(model.embedClass(classes), [n, 1, dim]);
  if (positions > 1) {
    const earlier = (tokens: Tensor) => slice(tokens, { axis: 1, start: 0, length: positions - 1 });
    x = concat(x, add(model.embed("pre", earlier(pre)), model.embed("post", earlier(post))), { axis: 1 });
  }
  x = model.blocks("spatial_blocks", drop(x), { position: counting(n, positions), drop });
  const pairs = n * positions;
  const asPairs = (tensor: Tensor) => reshape(tensor, [pairs, 1, dim]);
  x = concat(asPairs(x), asPairs(model.embed("pre", pre)), { axis: 1 });
  x = model.blocks("factorized_blocks", x, { position: counting(pairs, 2), drop });
  const logits = (i: number) => {
    const rows = reshape(slice(x, { axis: 1, start: i, length: 1 }), [pairs, dim]);
    return reshape(model.head(i, rows), [n, positions, 2 ** config.bits[i]!]);
  };
  return { logits_pre: logits(0), logits_post: logits(1) };
}

/** How many pictures a step draws at once, and what it tells. */
export interface StepExtent {
  /** Pictures. */
  readonly n: number;
  /** Two rows a picture, the second of the null class. */
  readonly guided: boolean;
  /** Also give the logits that were drawn from. */
  readonly logits?: boolean;
  /** Keep keys and values as f16. */
  readonly halves?: boolean;
}

/**
 * One token of n pictures, with the keys and values of earlier ones as state. R = n rows, or with guidance 2·n: rows
 * n + i are picture i under the null class.
 *
 * Inputs: `classes`, `position`, and the previous token's `pre` and `post`, u32 `[R]` (not used at position 0); `key`
 * u32 `[n,2]` and `counter` u32 `[n,4]` of Philox; for each sub-token s of pre, post: `temperature_s` f32, `top_k_s`
 * u32, `top_p_s` f32 and, with guidance, `guidance_s` f32, all `[n]`.
 * Outputs: `pre` and `post` u32 `[R]`; where asked for, `logits_pre` and `logits_post` `[n,2^b]` after guidance.
 */
export function stepGraph(
  config: TransformerConfig,
  { n, guided, logits = false, halves = false }: StepExtent,
): Graph {
  const rows = guided ? 2 * n : n;
  const spec = (dtype: GraphDType, ...shape: number[]) => ({ shape, dtype });
  const specs = {
    classes: spec("u32", rows),
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
    const model = new Model(config);
    const { classes, position, pre, post } = inputs as Record<string, Tensor>;
    const random = philox(inputs.key!, inputs.counter!);
    let x = select(position!, {
      a: add(model.embed("pre", pre!), model.embed("post", post!)),
      b: model.embedClass(classes!),
    });
    const kept = model.caches("spatial_blocks", { rows, positions: config.grid ** 2, halves });
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

/** The transformer's parts, for any program. */
class Model {
  readonly #config: TransformerConfig;
  readonly #scope: Scope = new Scope(transformerPath);
  readonly #table: Tensor;

  constructor(config: TransformerConfig) {
    this.#config = config;
    this.#table = constant(ropeTable(config.grid, config.dim / config.heads));
  }

  /** Vectors of sub-tokens u32 `[…]` → `[…,D]`. */
  embed(name: (typeof subTokens)[number], index: Tensor): Tensor {
    const words = 2 ** this.#config.bits[subTokens.indexOf(name)]!;
    return lookUp(this.#scope.at(`${name}_emb`), index, { words, width: this.#config.dim });
  }

  /** Vectors of classes u32 `[…]`, of which the last is the null class. */
  embedClass(index: Tensor): Tensor {
    const { classes, dim } = this.#config;
    return lookUp(this.#scope.at("class_emb", "embedding_table"), index, { words: classes + 1, width: dim });
  }

  /** The keys and values of all blocks of a kind, as states. */
  caches(
    kind: BlockKind,
    { rows, positions, halves = false }: { rows: number; positions: number; halves?: boolean },
  ): Tensor[] {
    const { heads, dim } = this.#config;
    const shape = [rows, 2, heads, positions, dim / heads];
    return Array.from(
      { length: this.#count(kind) },
      (_, i) => state(this.#scope.at(kind, i, "cache").path, { shape, dtype: "f32", halves }),
    );
  }

  /** All blocks of a kind. With caches x is `[R,D]`, else `[B,P,D]`. */
  blocks(
    kind: BlockKind,
    x: Tensor,
    { position, caches, drop = (y) => y }: { position: Tensor; caches?: readonly Tensor[]; drop?: Drop },
  ): Tensor {
    const { heads, hidden } = this.#config;
    for (let i = 0; i < this.#count(kind); i++) {
      x = block(this.#scope.at(kind, i), x, {
        hidden,
        heads,
        table: this.#table,
        position,
        cache: caches?.[i],
        drop,
      });
    }
    return x;
  }

  /** The logits of sub-token `i` from x `[R,D]`. */
  head(i: number, x: Tensor): Tensor {
    return dense(
      this.#scope.at("head", i),
      rootMeanSquareNorm(this.#scope.at("norm"), x),
      2 ** this.#config.bits[i]!,
    );
  }

  #count(kind: BlockKind): number {
    return kind === "spatial_blocks" ? this.#config.layers : this.#config.factorizedLayers;
  }
}

type BlockKind = "spatial_blocks" | "factorized_blocks";

/** u32 `[B,P]`: 0 to P − 1 in each row. */
function counting(sequences: number, positions: number): Tensor {
  const data = Uint32Array.from({ length: sequences * positions }, (_, i) => i % positions);
  return constant(u32Tensor([sequences, positions], data));
}
