import { type Checkpoint, openCheckpoint } from "../checkpoint/open.ts";
import { CheckpointError } from "../tensor/errors.ts";

/** Where a model comes from: a path, a `file:` URL, a name in `models/`, or the bytes of a file. */
export type ModelSource = string | URL | Blob | Uint8Array;

const models = new URL("../../models/", import.meta.url);

/**
 * Opens the checkpoint that `source` is or names. A name is looked for among the models that come with this package,
 * unless a file or folder of that name is here.
 * Throws `CheckpointError` where there is none or where it is damaged.
 */
export async function openModel(source: ModelSource): Promise<Checkpoint> {
  const isName = typeof source === "string" && /^[\w-][\w.-]*$/.test(source);
  if (!isName || await exists(source)) return await openCheckpoint(source);
  const shipped = new URL(`${source}/`, models);
  if (await exists(shipped)) return await openCheckpoint(shipped);
  throw new CheckpointError(`Cannot find the model ${source}`, {
    expected: `a checkpoint's path or one of the names ${(await modelNames()).join(", ")}`,
    got: "neither",
  });
}

/** Names of the models that come with this package. */
export async function modelNames(): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(models));
    return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function exists(path: string | URL): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
