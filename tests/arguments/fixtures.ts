import * as library from "../../mod.ts";
import * as advanced from "../../src/advanced.ts";
import { parameterShapes } from "../../src/models/tokenizer_weights.ts";
import { hashedWeight } from "../golden/hashed.ts";
import { smallModel } from "../support/small_model.ts";

/** What the rows of the table are made of. */
export interface Fixtures extends AsyncDisposable {
  readonly backend: advanced.Backend;
  readonly tokenizer: library.Tokenizer;
  /** A tokenizer of films. */
  readonly films: library.Tokenizer;
  readonly generator: library.Generator;
  readonly transformer: library.Transformer;
  readonly batch: advanced.DecodeBatch;
  readonly slot: advanced.Generation;
  readonly image: library.Image;
  readonly tokens: library.Tokens;
  readonly checkpoint: advanced.Checkpoint;
  readonly transformerCheckpoint: advanced.Checkpoint;
  readonly tokenizerModel: advanced.TokenizerModel;
  readonly transformerModel: advanced.TransformerModel;
}

/** Loads a small model, on the reference backend where nothing else is said. */
export async function openFixtures(): Promise<Fixtures> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await advanced.createBackend("reference"));
  const tokenizer = stack.use(await library.Tokenizer.load(smallModel, { backend }));
  const config = { ...tokenizer.config, kind: "video", chMult: [1, 2] } as const,
    shapes = parameterShapes(config);
  const weights = {
    shapes,
    read: (name: string) => Promise.resolve(hashedWeight(name, shapes.get(name)!)),
  };
  const films = stack.use(await library.Tokenizer.fromWeights({ config, source: weights }, { backend }));
  const generator = stack.use(await library.Generator.load(smallModel, { backend, weights: "f32" }));
  // It computes all positions at once, which takes the reference a second.
  const transformer = stack.use(
    await library.Transformer.load(smallModel, { backend: "wasm", threads: 1, weights: "f32" }),
  );
  const checkpoint = stack.use(await advanced.openCheckpoint(smallModel));
  const drawn = stack.use(await advanced.openCheckpoint(`${smallModel}/transformer.safetensors`));
  const batch = stack.use(await generator.openBatch({ size: 2, guided: false }));
  const image = library.createImage({ width: 8, height: 4 });
  const tokens: library.Tokens = {
    grid: [1, 2],
    codebookSize: tokenizer.codebookSize,
    data: Uint32Array.of(3, 4),
  };
  const [slot] = generator.plan({ classIds: 1, guidance: 1 })[0]!;
  const all = stack.move();
  return {
    ...{ backend, tokenizer, films, generator, transformer, checkpoint, batch, image, tokens },
    slot: slot!,
    tokenizerModel: advanced.tokenizerWeights(checkpoint),
    transformerModel: advanced.transformerWeights(drawn, { heads: 4, grid: 8 }),
    transformerCheckpoint: drawn,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
