import type { WeightSource } from "../../backend/backend.ts";
import type { Checkpoint } from "../../io/checkpoint.ts";
import type { TokenizerConfig } from "../../networks/magvit2/config.ts";
import { formatConfig } from "../../models/infer_config.ts";
import { tokenizerWeights } from "../../models/tokenizer_weights.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import { formatShape, sameShape, type Shape } from "../../tensor/shape.ts";
import { openCheckpoint } from "../../models/open.ts";
import { discriminatorPath } from "../adversary.ts";
import type { TokenizerRun } from "../config/run.ts";
import { tokenizerInitialValues } from "../initial_values.ts";
import { openLpips } from "../../models/lpips_weights.ts";
import { lpipsPath } from "../tokenizer_step.ts";
import { statesOf, type TrainingStep } from "../training_step.ts";

/** The weights that training starts from. Disposing closes their files. */
export interface FirstWeights extends WeightSource, AsyncDisposable {}

/**
 * The weights that a tokenizer's training starts from: random ones or those of a checkpoint, and those of LPIPS.
 *
 * Throws `CheckpointError` where a file is damaged, or holds another model or no discriminator.
 */
export async function tokenizerSource(
  run: TokenizerRun,
  { config, training }: { config: TokenizerConfig; training: TrainingStep },
): Promise<FirstWeights> {
  const { parameters } = training, { init, seed, discriminator, loss: { perceptual } } = run;
  const shapes = new Map<string, Shape>([...parameters].map(([name, { shape }]) => [name, shape]));
  const random = tokenizerInitialValues(shapes, { seed, discriminator: discriminator?.kind });
  await using files = new AsyncDisposableStack();
  const sources: WeightSource[] = [];
  if (perceptual) sources.push(files.use(await openLpips(perceptual, { prefix: `${lpipsPath}.` })));
  if (init) {
    const checkpoint = files.use(await openCheckpoint(init.from));
    const model = tokenizerWeights(checkpoint, { raw: init.raw });
    if (formatConfig(model.config) !== formatConfig(config)) {
      throw new CheckpointError(`Cannot start from ${init.from}`, {
        expected: formatConfig(config),
        got: formatConfig(model.config),
        hint: "make the configuration's model that of the checkpoint",
      });
    }
    sources.push(model.source);
    if (discriminator && init.discriminator === "kept") {
      const states = [...statesOf(training)].filter(([name]) => name.startsWith(`${discriminatorPath}.`));
      sources.push(discriminatorSource(checkpoint, new Map(states)));
    }
  }
  sources.push(random);
  const open = files.move();
  return {
    shapes: new Map(sources.toReversed().flatMap(({ shapes }) => [...shapes])),
    read: (name) => sources.find(({ shapes }) => shapes.has(name))!.read(name),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** A checkpoint's discriminator: its weights, and the running statistics of its BatchNorms. */
function discriminatorSource(checkpoint: Checkpoint, states: ReadonlyMap<string, Shape>): WeightSource {
  for (const [name, shape] of states) {
    const found = checkpoint.tensors.get(name);
    if (found && sameShape(found.shape, shape)) continue;
    throw new CheckpointError(`Cannot take the discriminator of ${checkpoint.name}: ${name}`, {
      expected: formatShape(shape),
      got: found ? formatShape(found.shape) : "nothing",
      hint: "begin with a fresh one",
    });
  }
  return { shapes: states, read: (name) => checkpoint.read(name) };
}
