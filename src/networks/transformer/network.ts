import { add, concat, constant, reshape, slice, state } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type Graph, trace } from "../../graph/trace.ts";
import { embedding } from "../../nn/embedding.ts";
import { linear } from "../../nn/linear.ts";
import { rmsNorm } from "../../nn/rms_norm.ts";
import { ropeTable } from "../../nn/rope.ts";
import { Scope } from "../../nn/scope.ts";
import { u32Tensor } from "../../tensor/tensor.ts";
import { block, type Drop } from "./blocks.ts";
import { classConditioning } from "./conditioning.ts";
import { type TransformerConfig, transformerPath } from "./config.ts";

/** Names of the two sub-tokens in checkpoints and in the inputs and outputs of programs. */
export const subTokens = ["pre", "post"] as const;

/** Images: both sub-tokens of their first P positions, u32 `[B,P]`, and the inputs of the conditioning. */
export interface TeacherForced extends Readonly<Record<string, Tensor>> {
  readonly pre: Tensor;
  readonly post: Tensor;
}

/** The program of `teacherForced`, whose inputs and outputs have the same names. */
export function teacherForcedGraph(
  config: TransformerConfig,
  { n, positions = config.grid ** 2 }: { n: number; positions?: number },
): Graph {
  const tokens = { shape: [n, positions], dtype: "u32" } as const;
  const specs = { ...classConditioning(config).specs(n), pre: tokens, post: tokens };
  return trace(specs, (inputs) => teacherForced(config, inputs as TeacherForced));
}

/**
 * All positions at once → `logits_pre` `[B,P,2^b0]`, `logits_post` `[B,P,2^b1]`. Each position sees only those before it, and
 * `logits_post` also its own `pre`. `drop` is applied to the embeddings and after each layer of a block.
 */
export function teacherForced(
  config: TransformerConfig,
  inputs: TeacherForced,
  drop: Drop = (x) => x,
): { logits_pre: Tensor; logits_post: Tensor } {
  const { dim } = config, { pre, post } = inputs, [n, positions] = pre.shape as [number, number];
  const model = new TransformerNetwork(config);
  let x = reshape(classConditioning(config).embed(inputs), [n, 1, dim]);
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

/** The layers of a transformer (docs/model.md, Transformer), of which programs are composed. */
export class TransformerNetwork {
  readonly #config: TransformerConfig;
  readonly #scope: Scope = new Scope(transformerPath);
  readonly #table: Tensor;

  constructor(config: TransformerConfig) {
    this.#config = config;
    this.#table = constant(ropeTable(config.grid, config.dim / config.heads));
  }

  /** Embeddings of sub-tokens: u32 `[…]` → `[…,D]`. */
  embed(name: (typeof subTokens)[number], index: Tensor): Tensor {
    const vocabSize = 2 ** this.#config.bits[subTokens.indexOf(name)]!;
    return embedding(this.#scope.at(`${name}_emb`), index, { vocabSize, width: this.#config.dim });
  }

  /** The keys and values of all blocks of a kind, as states. */
  caches(
    kind: BlockKind,
    { rows, positions, f16 = false }: { rows: number; positions: number; f16?: boolean },
  ): Tensor[] {
    const { heads, dim } = this.#config;
    const shape = [rows, 2, heads, positions, dim / heads];
    return Array.from(
      { length: this.#count(kind) },
      (_, i) => state(this.#scope.at(kind, i, "cache").path, { shape, dtype: "f32", f16 }),
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
    return linear(
      this.#scope.at("head", i),
      rmsNorm(this.#scope.at("norm"), x),
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
