import { files } from "../io/host.ts";
import { isMissing, reasonOf } from "../io/reason.ts";
import { DataError } from "../tensor/errors.ts";
import { openNpz } from "./npz_source.ts";
import { filesLike } from "./files_like.ts";
import { openFolder, withoutSlash } from "./folder_source.ts";
import type { ImageSource } from "./source.ts";
import { openTars } from "./tar_source.ts";

/**
 * Opens a data set by its path: a folder of images (`openFolder`), WebDataset shards (`openTars`): a `.tar`, a pattern such as
 * `train-{0000..0099}.tar` or `train-*.tar`, or a folder of them; or an `.npz` of pixels (`openNpz`).
 *
 * Throws `DataError` where there is nothing, or nothing of the kind, and what those throw.
 */
export async function openImages(
  path: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ImageSource> {
  const info = await files().stat(path).catch((cause) => {
    if (isMissing(cause)) return undefined;
    throw new DataError(`Cannot open ${path}`, { got: reasonOf(cause), cause });
  });
  if (info?.isDirectory()) {
    const shards = await shardsIn(path);
    return shards.length > 0 ? await openTars(shards, { signal }) : await openFolder(path);
  }
  if (/\.npz$/i.test(path) && info) return await openNpz(path);
  const shards = await filesLike(path);
  if (shards.length === 0) {
    throw new DataError(`Cannot open ${path}`, {
      expected: "a folder of images, .tar files or an .npz file",
      got: "no such file or folder",
    });
  }
  const other = shards.find((shard) => !/\.tar$/i.test(shard));
  if (other) {
    throw new DataError(`Cannot open ${other}`, {
      expected: "a folder of images, .tar files or an .npz file",
      got: "another file",
    });
  }
  return await openTars(shards, { signal });
}

/** The tars in a folder. Errors of reading are thrown later, when it is opened as a folder of images. */
async function shardsIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for (const name of await files().readdir(folder)) if (/^[^.].*\.tar$/i.test(name)) names.push(name);
  } catch {
    return [];
  }
  return names.sort().map((name) => `${withoutSlash(folder)}/${name}`);
}
