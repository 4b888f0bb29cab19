import { type TransformerConfig, transformerPath } from "../networks/transformer/config.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { ModelHints } from "./hints.ts";

/** More tokens along a side are a mistake: published models have 16. */
const largestGrid = 256;

/**
 * Reads the configuration off the shapes of `file`'s weights. Throws `CheckpointError` if there is no transformer
 * or its shapes contradict one another.
 */
export function inferTransformerConfig(
  shapes: ReadonlyMap<string, Shape>,
  { heads, grid = 16, file = "the checkpoint" }: ModelHints & { file?: string } = {},
): TransformerConfig {
  const shape = (name: string): readonly [number, number] => {
    const found = shapes.get(`${transformerPath}.${name}`);
    if (found?.length === 2) return found as unknown as readonly [number, number];
    throw new CheckpointError(`Cannot read a transformer from ${file}: ${transformerPath}.${name}`, {
      expected: "a matrix",
      got: found ? formatShape(found) : "nothing",
      hint: "give a checkpoint of an autoregressive model, such as AR_256_B; a tokenizer's does not suffice",
    });
  };
  const refuse = (what: string, expected: string, got: string): never => {
    throw new CheckpointError(`Cannot read a transformer from ${file}: ${what}`, { expected, got });
  };
  const [pre, dim] = shape("pre_emb.weight"), [post] = shape("post_emb.weight");
  const [labels] = shape("class_emb.embedding_table.weight");
  const [hidden] = shape("spatial_blocks.0.feed_forward.w1.weight");
  const bits = [pre, post].map(Math.log2) as [number, number];
  if (!bits.every(Number.isInteger)) {
    refuse("its vocabulary", "powers of two", `${pre} and ${post} sub-tokens`);
  }
  const headCount = heads ?? dim / 64;
  if (!Number.isInteger(headCount) || headCount < 1 || dim % (4 * headCount) !== 0) {
    refuse("the number of heads", `a divisor of ${dim} with a head dimension divisible by 4`, `${headCount}`);
  }
  if (!Number.isInteger(grid) || grid < 1 || grid > largestGrid) {
    refuse("the tokens along a side", `a whole number from 1 to ${largestGrid}`, `${grid}`);
  }
  return {
    dim,
    heads: headCount,
    layers: countBlocks(shapes, "spatial_blocks"),
    factorizedLayers: countBlocks(shapes, "factorized_blocks"),
    hidden,
    bits,
    grid,
    classes: labels - 1,
  };
}

function countBlocks(shapes: ReadonlyMap<string, Shape>, kind: string): number {
  let count = 0;
  while (shapes.has(`${transformerPath}.${kind}.${count}.attention.wqkv.weight`)) count++;
  return count;
}
