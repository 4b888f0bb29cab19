import { CheckpointError } from "../../tensor/errors.ts";
import { formatShape, sameShape, type Shape } from "../../tensor/shape.ts";
import { openGenerative } from "../../models/open_generative.ts";
import type { TransformerConfig } from "../../networks/transformer/config.ts";
import { transformerWeights } from "../../models/transformer_weights.ts";
import type { TransformerRun } from "../config/run.ts";
import { transformerInitialValues } from "../initial_values.ts";
import type { FirstWeights } from "./tokenizer_source.ts";

/**
 * The weights that a transformer's training starts from: random ones, or those of a checkpoint or a model folder.
 * Throws `CheckpointError` if the file is damaged or holds another model.
 */
export async function transformerSource(
  { init, seed }: TransformerRun,
  { config, shapes }: { config: TransformerConfig; shapes: ReadonlyMap<string, Shape> },
): Promise<FirstWeights> {
  if (!init) {
    return { ...transformerInitialValues(shapes, { seed }), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  await using files = new AsyncDisposableStack();
  const { transformer } = files.use(await openGenerative(init.from));
  const { source } = transformerWeights(transformer, { heads: config.heads, grid: config.grid });
  for (const [name, shape] of shapes) {
    const found = source.shapes.get(name);
    if (found && sameShape(found, shape)) continue;
    throw new CheckpointError(`Cannot start from ${init.from}: ${name}`, {
      expected: formatShape(shape),
      got: found ? formatShape(found) : "nothing",
      hint: "make the configuration's model and the classes of the data those of the checkpoint",
    });
  }
  const open = files.move();
  return { ...source, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
