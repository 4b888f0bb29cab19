import type { AtomicOptions } from "../../io/atomic.ts";
import { emaName as storedAverage } from "../../models/names.ts";
import { openCheckpoint } from "../../models/open.ts";
import { type TensorToWrite, writeSafetensors } from "../../io/safetensors/write.ts";
import type { States, WeightSource } from "../../backend/backend.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { f32Tensor } from "../../tensor/tensor.ts";
import { statesOf, type TrainingStep } from "../training_step.ts";

/** The progress of a training. With the states and the seed it is all that resuming needs. */
export interface Progress {
  /** Steps that were done. */
  readonly step: number;
  /** Steps that were skipped because their numbers were not finite. */
  readonly skipped: number;
  /** The best evaluation so far. */
  readonly best?: { readonly step: number; readonly value: number };
}

/** The key of `Progress` in the metadata of a checkpoint. */
const progressKey = "training";
const averagePrefix = "ema.";

/**
 * Writes all states of a training but gradients into a checkpoint, under their names. Averages get the names that
 * published checkpoints give them (`model_ema.…`), so that the file can be used like one. For that it also holds the
 * `frozen` weights of `source`, as weights and as their own averages.
 *
 * Throws `FileError` where the file system refuses; an existing file is then kept.
 */
export async function saveTraining(
  path: string,
  { states, training, progress, metadata = {}, source, frozen, ...options }: AtomicOptions & {
    states: States;
    training: TrainingStep;
    progress: Progress;
    metadata?: Readonly<Record<string, string>>;
    source: WeightSource;
    frozen: readonly string[];
  },
): Promise<void> {
  const own = [...statesOf(training)].map(([name, shape]): TensorToWrite => ({
    name: storedName(name),
    dtype: "f32",
    shape,
    data: async () => bytesOf((await states.read(name)).data),
  }));
  const kept = frozen.flatMap((name) =>
    [name, storedAverage(name, "")].map((stored): TensorToWrite => ({
      name: stored,
      dtype: "f32",
      shape: source.shapes.get(name)!,
      data: async () => bytesOf(await source.read(name)),
    }))
  );
  const all = { format: "pt", ...metadata, [progressKey]: JSON.stringify(progress) };
  await writeSafetensors(path, { metadata: all, tensors: [...own, ...kept], ...options });
}

/** Writes the states of a checkpoint. Throws `CheckpointError` where one is missing or has another shape. */
export async function loadTraining(
  path: string,
  { states, training }: { states: States; training: TrainingStep },
): Promise<Progress> {
  await using checkpoint = await openCheckpoint(path);
  const progress = progressOf(checkpoint.metadata[progressKey]);
  if (!progress) {
    throw new CheckpointError(`Cannot resume from ${path}`, {
      expected: "a checkpoint of a training",
      got: "another",
      hint: "name it as `init` to start from its weights",
    });
  }
  for (const [name, shape] of statesOf(training)) {
    const found = checkpoint.tensors.get(storedName(name));
    if (!found || !sameShape(found.shape, shape)) {
      throw new CheckpointError(`Cannot resume from ${path}: ${name}`, {
        expected: formatShape(shape),
        got: found ? formatShape(found.shape) : "nothing",
      });
    }
    await states.write(name, f32Tensor(shape, await checkpoint.read(storedName(name))));
  }
  return progress;
}

function progressOf(text: string | undefined): Progress | undefined {
  try {
    const progress = JSON.parse(text ?? "null");
    return Number.isSafeInteger(progress?.step) && Number.isSafeInteger(progress.skipped)
      ? progress
      : undefined;
  } catch {
    return undefined;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function storedName(state: string): string {
  return state.startsWith(averagePrefix) ? storedAverage(state.slice(averagePrefix.length), "") : state;
}
