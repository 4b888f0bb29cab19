import { type AtomicOptions, writeAll, writeAtomic } from "../io/atomic.ts";
import { unfit } from "../tensor/describe.ts";
import { cancellable, checkKind, checkOptions, filePath, type Kinds, record } from "../tensor/options.ts";
import { OnnxModel } from "./model.ts";

/** How a model is written. */
export interface WriteOnnxOptions extends AtomicOptions {
  /** Ends the writing early; what was there is then kept. */
  signal?: AbortSignal;
}

const kinds: Kinds<WriteOnnxOptions> = { fileSystem: record, ...cancellable };

/**
 * Writes a model atomically, one weight at a time: as one file or, where it would be longer than the 2 GiB that a file can have, its
 * weights as `PATH.data`, which must stay beside it. Returns the paths of what was written.
 *
 * Throws `FileError` for errors of the file system, and what the source of the weights throws.
 */
export async function writeOnnx(
  path: string,
  model: OnnxModel,
  given: WriteOnnxOptions = {},
): Promise<string[]> {
  checkOptions(given, kinds, "write the model");
  checkKind(path, filePath, "Cannot write the model: path");
  if (!(model instanceof OnnxModel)) throw unfit("Cannot write the model", "an OnnxModel", model);
  const { signal, ...options } = given;
  const data = model.needsExternalData ? `${path}.data` : undefined;
  const external = data?.slice(data.search(/[^/\\]*$/));
  // Both are complete before the model takes its place.
  await writeAtomic(path, async (file) => {
    for await (const piece of model.pieces({ external })) {
      signal?.throwIfAborted();
      await writeAll(file, piece);
    }
    if (data === undefined) return;
    await writeAtomic(data, async (file) => {
      for await (const piece of model.externalPieces()) {
        signal?.throwIfAborted();
        await writeAll(file, piece);
      }
    }, options);
  }, options);
  return data === undefined ? [path] : [path, data];
}
