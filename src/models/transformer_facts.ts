import { type Shape, sizeOf } from "../tensor/shape.ts";

/** The transformer that a checkpoint holds, from the shapes of its weights. */
export interface TransformerFacts {
  /** Published models of just this size. */
  readonly like: readonly string[];
  /** Width of the model. */
  readonly dim: number;
  /** Blocks over the positions of the image. */
  readonly spatialBlocks: number;
  /** Blocks over the two sub-tokens of a position. */
  readonly factorizedBlocks: number;
  /** Bits of the two sub-tokens. */
  readonly bits: readonly [number, number];
  /** Number of classes, without the null class. */
  readonly classes: number;
  /** Number of parameters. */
  readonly parameters: number;
}

/** Published transformers by dim, spatial and factorized blocks. */
const published: ReadonlyMap<string, readonly string[]> = new Map([
  ["1024 24 2", ["AR_256_B"]],
  ["1280 36 3", ["AR_256_L"]],
  ["1536 48 4", ["AR_256_XL"]],
]);

/** The facts of the tensors under `transformer.`; `undefined` if they do not make a transformer. */
export function transformerFacts(
  tensors: ReadonlyMap<string, { readonly shape: Shape }>,
): TransformerFacts | undefined {
  const prefix = "transformer.";
  const shape = (name: string) => tensors.get(prefix + name)?.shape;
  const [pre, dim] = shape("pre_emb.weight") ?? [];
  const [post] = shape("post_emb.weight") ?? [];
  const [rows] = shape("class_emb.embedding_table.weight") ?? [];
  if (pre === undefined || dim === undefined || post === undefined || rows === undefined) return undefined;
  const spatialBlocks = countBlocks((block) =>
    shape(`spatial_blocks.${block}.attention.wqkv.weight`) !== undefined
  );
  const factorizedBlocks = countBlocks((block) =>
    shape(`factorized_blocks.${block}.attention.wqkv.weight`) !== undefined
  );
  return {
    like: published.get(`${dim} ${spatialBlocks} ${factorizedBlocks}`) ?? [],
    dim,
    spatialBlocks,
    factorizedBlocks,
    bits: [Math.log2(pre), Math.log2(post)],
    // The last row is the null class of guidance.
    classes: rows - 1,
    parameters: tensors.entries().reduce(
      (sum, [name, { shape }]) => sum + (name.startsWith(prefix) ? sizeOf(shape) : 0),
      0,
    ),
  };
}

function countBlocks(holds: (block: number) => boolean): number {
  let count = 0;
  while (holds(count)) count++;
  return count;
}
