import { cacheFolder } from "../io/cache/folder.ts";
import type { FetchOptions } from "../io/fetch_source.ts";
import { look } from "../io/host.ts";
import { CheckpointError, FileError } from "../tensor/errors.ts";
import { findModel, type ModelSource } from "./find.ts";
import { folderFiles } from "./model_files.ts";

/** A file of a model on this machine. */
export interface PulledFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Fetches all files of a model, so that it can be loaded without a network. Those that are here are left as they are.
 *
 * Throws as `findModel` and `fetchSource` do, `CheckpointError` for a folder that is no model's, `FileError` if nothing
 * can be kept here.
 */
export async function pullModel(
  source: ModelSource,
  options: Omit<FetchOptions, "cache"> = {},
): Promise<PulledFile[]> {
  const files = await findModel(source, options), pulled: PulledFile[] = [];
  const opened = files.kind === "file" ? [files.open] : folderFiles.map((name) => () => files.open(name));
  for (const open of opened) {
    await using file = await open();
    if (!file) continue;
    const { name: path, size: bytes } = file;
    if (await look(path) !== "file") {
      throw new FileError(`Cannot keep ${path}`, {
        expected: "a folder for downloads that can be read and written",
        got: cacheFolder() ?? "none",
        hint: "name one by the variable VOKEN_CACHE; Deno needs --allow-read, --allow-write and --allow-env",
      });
    }
    pulled.push({ path, bytes });
  }
  if (pulled.length > 0) return pulled;
  throw new CheckpointError(`Cannot find a model in ${source}`, {
    expected: `some of the files ${folderFiles.join(", ")}`,
    got: "none",
  });
}
