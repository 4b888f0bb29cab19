import { type FetchOptions, fetchSource } from "../io/fetch_source.ts";
import { openSource } from "../io/open_source.ts";
import { version } from "../version.ts";
import { shippedFiles } from "./_generated_shipped.ts";
import type { ModelFiles } from "./model_files.ts";

/** The default model of commands. */
export const defaultModel = "emoji-64";

/** Names of the models that come with this package. */
export const modelNames: readonly string[] = Object.keys(shippedFiles);

/** The first name in the cache of what belongs to shipped models. */
export const shippedPath = "shipped";

/** Whether a model of this name comes with the package. */
export function isShipped(name: string): boolean {
  return Object.hasOwn(shippedFiles, name);
}

/**
 * A model that comes with this package. Its files are read where the package is, on a disk or on a network, or
 * fetched from the registry if a bundler has moved the code away from them. What is fetched is checked by its digest.
 */
export function shippedModel(
  name: string,
  { folder = shippedFolder(), ...options }: { folder?: URL } & FetchOptions = {},
): ModelFiles {
  const model = new URL(`${name}/`, folder), files = shippedFiles[name]!;
  return {
    kind: "folder",
    name,
    isShipped: true,
    async open(file) {
      const known = Object.hasOwn(files, file) ? files[file] : undefined;
      if (!known) return undefined;
      const url = new URL(file, model);
      return url.protocol === "file:"
        ? await openSource(url)
        : await fetchSource({ url, path: [shippedPath, name, file], ...known }, options);
    },
  };
}

/** The folder of the models. */
function shippedFolder(): URL {
  // In some bundles there is no such address.
  const here = import.meta.url ?? "";
  return /\/src\/models\/shipped\.[jt]s$/.test(here)
    ? new URL("../../models/", here)
    : new URL(`https://jsr.io/@voken/magvit2/${version}/models/`);
}
