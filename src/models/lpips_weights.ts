import type { WeightSource } from "../backend/backend.ts";
import type { AtomicOptions } from "../io/atomic.ts";
import { type Checkpoint, openCheckpoint } from "./open.ts";
import { type TensorToWrite, writeSafetensors } from "../io/safetensors/write.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { lpipsShapes } from "../networks/lpips.ts";

/** Weights that the user supplies. Disposing closes the files. */
export interface LpipsWeights extends WeightSource, AsyncDisposable {}

/** Problems that an error lists at most. */
const mostListed = 6;

/**
 * Opens LPIPS's weights from one or several files, under the names of `lpips` with `prefix` before them. Each weight is looked for
 * in all files: VGG16's as torchvision names them (`features.0.weight`, in `vgg16-397923af.pth`), the linear ones as
 * LPIPS does (`lin0.model.1.weight`, in its `vgg.pth`), and all of them as in a training checkpoint
 * (`net.slice1.0.weight`, with or without `loss.perceptual_loss.` before it). The first file that has a weight is used.
 *
 * Throws `CheckpointError` if a file is damaged, and if weights are missing or have other shapes, listing them.
 */
export async function openLpips(
  paths: readonly string[],
  { prefix = "" }: { prefix?: string } = {},
): Promise<LpipsWeights> {
  await using opened = new AsyncDisposableStack();
  const files: Checkpoint[] = [];
  for (const path of paths) files.push(opened.use(await openCheckpoint(path)));
  const found = new Map<string, { file: Checkpoint; name: string }>();
  const problems: string[] = [];
  for (const [name, shape] of lpipsShapes) {
    const place = findWeight(files, name);
    if (!place) {
      problems.push(`no ${name}`);
      continue;
    }
    const given = place.file.tensors.get(place.name)!.shape;
    if (!sameShape(given, shape)) {
      problems.push(`${place.name} ${formatShape(given)}, not ${formatShape(shape)}`);
    }
    found.set(prefix + name, place);
  }
  if (problems.length > 0) {
    const more = problems.length > mostListed ? ` and ${problems.length - mostListed} more` : "";
    throw new CheckpointError(`Cannot take LPIPS's weights from ${paths.join(" and ")}`, {
      expected: `VGG16's ${lpipsShapes.size - 5} weights and 5 linear ones`,
      got: problems.slice(0, mostListed).join(", ") + more,
      hint:
        "give torchvision's vgg16-397923af.pth and LPIPS's vgg.pth, or a training checkpoint that carries them",
    });
  }
  const open = opened.move();
  return {
    shapes: new Map([...lpipsShapes].map(([name, shape]) => [prefix + name, shape])),
    read: (name) => {
      const { file, name: stored } = found.get(name)!;
      return file.read(stored);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/**
 * Writes LPIPS's weights, opened as `openLpips` does, into one safetensors file that it opens again.
 * Throws as it does, and `FileError` if the file cannot be written.
 */
export async function convertLpips(
  paths: readonly string[],
  output: string,
  options: AtomicOptions & { signal?: AbortSignal } = {},
): Promise<{ tensors: number }> {
  await using weights = await openLpips(paths);
  const tensors = [...weights.shapes].map(([name, shape]): TensorToWrite => ({
    name,
    dtype: "f32",
    shape,
    data: async () => new Uint8Array((await weights.read(name)).buffer),
  }));
  await writeSafetensors(output, { ...options, tensors, metadata: { format: "pt" } });
  return { tensors: tensors.length };
}

function findWeight(
  files: readonly Checkpoint[],
  name: string,
): { file: Checkpoint; name: string } | undefined {
  const torchvision = name.replace(/^net\.slice\d+\./, "features.");
  for (const file of files) {
    for (const stored of [name, `loss.perceptual_loss.${name}`, torchvision]) {
      if (file.tensors.has(stored)) return { file, name: stored };
    }
  }
}
