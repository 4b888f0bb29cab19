import type { ByteSource } from "../io/byte_source.ts";
import { pathOfUrl } from "../io/cache/names.ts";
import { type FetchOptions, fetchSource } from "../io/fetch_source.ts";
import { files, hasFiles, look, pathOf } from "../io/host.ts";
import { openSource } from "../io/open_source.ts";
import { absence } from "../io/reason.ts";
import { CheckpointError, NetworkError } from "../tensor/errors.ts";
import { hubPrefix } from "./hub_place.ts";
import type { ModelFiles } from "./model_files.ts";
import { defaultModel, isShipped, modelNames, shippedModel } from "./shipped.ts";

export { defaultModel, modelNames };

/**
 * Where a model comes from:
 * - the path or `file:` URL of a file or folder; in browsers, paths are relative to the page,
 * - an http(s) address, of a folder if it ends in `/`,
 * - `hf:owner/name`, a repository of the Hugging Face hub, or `hf:owner/name@revision/file`,
 * - the name of a model that is shipped,
 * - the bytes of a file.
 */
export type ModelSource = string | URL | Blob | Uint8Array | ArrayBuffer;

/**
 * Finds the files of a model. Files that come over a network are fetched when they are opened.
 *
 * A file or folder in the working directory comes before a shipped model of the same name. Throws `CheckpointError`
 * for a name that is neither, `NetworkError` as `fetchSource` does.
 */
export async function findModel(source: ModelSource, options: FetchOptions = {}): Promise<ModelFiles> {
  if (source instanceof ArrayBuffer) return await findModel(new Uint8Array(source), options);
  if (source instanceof Uint8Array || source instanceof Blob) {
    return { kind: "file", open: () => openSource(source) };
  }
  if (typeof source === "string" && source.startsWith(hubPrefix)) {
    const { hubModel } = await import("./hub.ts");
    return await hubModel(source, options);
  }
  const url = urlOf(source);
  if (url && url.protocol !== "file:") return modelAt(url, options);
  const place = url ?? source, there = hasFiles() ? await look(place) : undefined;
  if (there === "folder") return localFolder(pathOf(place));
  if (there === undefined && typeof source === "string" && /^[\w-][\w.-]*$/.test(source)) {
    if (isShipped(source)) return shippedModel(source, options);
    throw new CheckpointError(`Cannot find the model ${source}`, {
      expected: `the path or address of a checkpoint, hf:owner/name, or one of the names ${
        modelNames.join(", ")
      }`,
      got: hasFiles() ? absence(source) : "neither",
    });
  }
  // What is not there is reported when it is opened.
  return { kind: "file", open: () => openSource(place) };
}

/** The address that a source is; `undefined` for a path. */
function urlOf(source: string | URL): URL | undefined {
  if (source instanceof URL) return source;
  if (/^(https?|file|blob):/i.test(source)) return parsed(source);
  // A page has no files, so that its paths are addresses. Names of shipped models are not.
  if (!hasFiles() && /[/.]/.test(source) && globalThis.location) return new URL(source, location.href);
}

function parsed(address: string): URL {
  if (URL.canParse(address)) return new URL(address);
  throw new CheckpointError(`Cannot open ${address}`, { expected: "an address", got: "an incomplete one" });
}

/** A model in a folder of the file system. */
function localFolder(path: string): ModelFiles {
  const folder = path.replace(/(?<=.)[/\\]+$/, "");
  return {
    kind: "folder",
    name: folder,
    async open(file) {
      const place = `${folder}/${file}`;
      return await look(place) === undefined ? undefined : await openSource(place);
    },
    list: async () => (await files().readdir(folder)).sort(),
  };
}

/** A model at an address. */
function modelAt(url: URL, options: FetchOptions): ModelFiles {
  if (url.protocol === "blob:") return { kind: "file", open: () => openBlob(url) };
  if (!/^https?:$/.test(url.protocol)) {
    throw new CheckpointError(`Cannot open ${url.href}`, {
      expected: "a file:, http: or https: address",
      got: `a ${url.protocol} address`,
    });
  }
  const open = (url: URL) => fetchSource({ url, path: pathOfUrl(url) }, options);
  if (!url.pathname.endsWith("/")) return { kind: "file", open: () => open(url) };
  return {
    kind: "folder",
    name: url.href,
    open: (file) => orAbsent(() => open(new URL(file + url.search, url))),
  };
}

/** Opens what `URL.createObjectURL` gave an address. */
async function openBlob(url: URL): Promise<ByteSource> {
  try {
    const response = await fetch(url);
    return await openSource(await response.blob());
  } catch (cause) {
    const facts = {
      expected: "the address of a Blob",
      got: "one that was revoked, or is another page's",
      cause,
    };
    throw new CheckpointError(`Cannot open ${url.href}`, facts);
  }
}

/** What is opened, or `undefined` if a server says that it is not there. Stores that do not list folders say "forbidden". */
async function orAbsent(open: () => Promise<ByteSource>): Promise<ByteSource | undefined> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof NetworkError && [403, 404, 410].includes(error.status ?? 0)) return undefined;
    throw error;
  }
}
