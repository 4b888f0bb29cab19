import type { AtomicOptions } from "../../io/atomic.ts";
import { emaName as storedAverage } from "../../models/names.ts";
import { openCheckpoint } from "../../models/open.ts";
import { type TensorToWrite, writeSafetensors } from "../../io/safetensors/write.ts";
import type { Program, WeightSource } from "../../backend/backend.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { f32Tensor } from "../../tensor/tensor.ts";

/** How far a training is. Together with the states, and the seed, it is all that going on needs. */
export interface Progress {
  /** Steps that were done. */
  readonly step: number;
  /** Steps that were left out, because their numbers were not finite. */
  readonly skipped: number;
  /** The best evaluation so far. */
  readonly best?: { readonly step: number; readonly value: number };
}

/** The key of `Progress` in the metadata of a checkpoint. */
const progressKey = "training";
const averagePrefix = "ema.";

/**
 * Writes all states of a program, as its graph names them, into a checkpoint. Averages are stored under the names that
 * published checkpoints give them (`model_ema.…`), so that the file can be used as such a one is. For that `frozen` weights,
 * which stay as they are in `source`, are there as well, as their own averages.
 *
 * Throws `FileError` where the file system refuses; what was there before is then kept.
 */
export async function saveTraining(
  path: string,
  { program, graph, progress, metadata = {}, source, frozen, ...options }: AtomicOptions & {
    program: Program;
    graph: Graph;
    progress: Progress;
    metadata?: Readonly<Record<string, string>>;
    source: WeightSource;
    frozen: readonly string[];
  },
): Promise<void> {
  const states = tensorsOf(graph, "state").map(({ attrs: { name, shape } }): TensorToWrite => ({
    name: storedName(name),
    dtype: "f32",
    shape,
    data: async () => bytesOf((await program.states!.read(name)).data),
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
  await writeSafetensors(path, { metadata: all, tensors: [...states, ...kept], ...options });
}

/** Gives a program the states of a checkpoint. Throws `CheckpointError` where they are not those that it needs. */
export async function loadTraining(
  path: string,
  { program, graph }: { program: Program; graph: Graph },
): Promise<Progress> {
  await using checkpoint = await openCheckpoint(path);
  const progress = progressOf(checkpoint.metadata[progressKey]);
  if (!progress) {
    throw new CheckpointError(`Cannot go on from ${path}`, {
      expected: "a checkpoint of a training",
      got: "another",
      hint: "name it as `init` to begin with its weights",
    });
  }
  for (const { attrs: { name, shape } } of tensorsOf(graph, "state")) {
    const found = checkpoint.tensors.get(storedName(name));
    if (!found || !sameShape(found.shape, shape)) {
      throw new CheckpointError(`Cannot go on from ${path}: ${name}`, {
        expected: formatShape(shape),
        got: found ? formatShape(found.shape) : "nothing",
      });
    }
    await program.states!.write(name, f32Tensor(shape, await checkpoint.read(storedName(name))));
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
