import type { Spec, Tensor } from "../../graph/ops.ts";
import { embedding } from "../../nn/embedding.ts";
import { Scope } from "../../nn/scope.ts";
import { type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import { type TransformerConfig, transformerPath } from "./config.ts";

/**
 * What images are generated for. A transformer reads it as a prefix: the embedding at the position before the first token,
 * which is computed, with its keys and values, by the step that samples that token.
 */
export interface Conditioning<Condition> {
  /** Inputs of programs for `rows` sequences. */
  specs(rows: number): Readonly<Record<string, Spec>>;
  /** The prefix `[rows,D]` of each sequence, from those inputs. */
  embed(inputs: Readonly<Record<string, Tensor>>): Tensor;
  /** Values of the inputs for the condition of each sequence; `undefined` is the null condition of guidance. */
  inputs(conditions: readonly (Condition | undefined)[]): Record<string, HostTensor>;
}

/** Conditioning on classes by their numbers: the input `classes`, u32 `[rows]`. The null class comes after all others. */
export function classConditioning({ classes, dim }: TransformerConfig): Conditioning<number> {
  const scope = new Scope(transformerPath).at("class_emb", "embedding_table");
  return {
    specs: (rows) => ({ classes: { shape: [rows], dtype: "u32" } }),
    embed: (inputs) => embedding(scope, inputs.classes!, { vocabSize: classes + 1, width: dim }),
    inputs: (conditions) => {
      const numbers = Uint32Array.from(conditions, (condition) => condition ?? classes);
      return { classes: u32Tensor([numbers.length], numbers) };
    },
  };
}
