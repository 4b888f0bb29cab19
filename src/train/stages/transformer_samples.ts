import type { Backend, States } from "../../backend/backend.ts";
import { tokenizerWeights } from "../../models/tokenizer_weights.ts";
import type { ModelSource } from "../../models/find.ts";
import { openCheckpoint } from "../../models/open.ts";
import type { TransformerConfig } from "../../networks/transformer/config.ts";
import { Generator } from "../../transformer/generator.ts";
import { transformerShapes } from "../../models/transformer_weights.ts";
import type { SampleRows } from "../run/journal.ts";

/** Classes on a sheet, and images of each. */
const mostClasses = 12, each = 2;

/** Samples images of some classes, spread over all, with the weights among `states`; always with the same seed. */
export async function generateSamples(
  config: TransformerConfig,
  { backend, states, tokenizer }: { backend: Backend; states: States; tokenizer: ModelSource },
): Promise<SampleRows> {
  await using checkpoint = await openCheckpoint(tokenizer);
  const source = {
    shapes: transformerShapes(config),
    read: async (name: string) => (await states.read(name)).data as Float32Array,
  };
  const model = {
    transformer: { config, source },
    tokenizer: tokenizerWeights(checkpoint),
    classNames: undefined,
  };
  await using generator = await Generator.fromWeights(model, { backend, weights: "f32" });
  const shown = Math.min(config.classes, mostClasses);
  const classIds = Array.from({ length: shown }, (_, i) => Math.floor(i * config.classes / shown));
  const images = await generator.generate({ classIds, n: each, seed: 0 });
  return Array.from(
    { length: each },
    (_, row) => classIds.map((_, column) => images[column * each + row]!.image),
  );
}
