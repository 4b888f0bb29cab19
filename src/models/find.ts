import { type Checkpoint, openCheckpoint, weightsFile } from "./open.ts";
import { CheckpointError } from "../tensor/errors.ts";

/** Where a model comes from: a path, a `file:` URL, the name of a model that is shipped, or the bytes of a file. */
export type ModelSource = string | URL | Blob | Uint8Array;

/** The default model of commands. */
export const defaultModel = "emoji-64";

/** Names of the models that come with this package. */
export const modelNames: readonly string[] = [defaultModel];

/** Their folder. A function, since bundles may not know their own URL. */
function shipped(): URL {
  return new URL("../../models/", import.meta.url);
}

/**
 * Resolves the name of a model that comes with this package to its files (in `folder`), unless a file or folder of that name
 * exists in the working directory. Other sources are returned as they are.
 *
 * Only a shipped model is ever fetched from a network, if this package was loaded from there.
 * Throws `CheckpointError` for a name that is neither.
 */
export async function resolveModel(
  source: ModelSource,
  { folder }: { folder?: URL } = {},
): Promise<ModelSource> {
  const isName = typeof source === "string" && /^[\w-][\w.-]*$/.test(source);
  if (!isName || await exists(source)) return source;
  if (!modelNames.includes(source)) {
    throw new CheckpointError(`Cannot find the model ${source}`, {
      expected: `the path of a checkpoint, or one of the names ${modelNames.join(", ")}`,
      got: "neither",
    });
  }
  const model = new URL(`${source}/`, folder ?? shipped());
  return model.protocol === "file:" ? model : await fetchWeights(model);
}

/** Opens the checkpoint of a model. Throws `CheckpointError` if there is none or it is damaged. */
export async function openModel(source: ModelSource, options?: { folder?: URL }): Promise<Checkpoint> {
  return await openCheckpoint(await resolveModel(source, options));
}

/** The weights of a model beside a package that was loaded from a network. They say themselves what they are. */
async function fetchWeights(model: URL): Promise<Uint8Array> {
  const url = new URL(weightsFile, model);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.bytes();
  } catch (cause) {
    throw new CheckpointError(`Cannot fetch ${url}`, {
      got: cause instanceof Error ? cause.message : String(cause),
      hint: "download the model and give its path",
      cause,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
