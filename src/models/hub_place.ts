import { textOf } from "../io/cache/names.ts";
import { CheckpointError } from "../tensor/errors.ts";

/** What the sources begin with that are on the hub. */
export const hubPrefix = "hf:";

/** The first name in the cache of what comes from the hub. */
export const hubPath = "hf";

/** A repository of the hub, or a file or folder in it. */
export interface HubPlace {
  readonly owner: string;
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly file?: string;
}

/** Reads `hf:owner/name`, `hf:owner/name@revision`, either with `/file`. Slashes in a revision are written `%2F`. */
export function parseHub(source: string): HubPlace {
  const [, owner, name, revision, file] = /^hf:([\w.-]+)\/([\w.-]+)(?:@([^/]+))?(?:\/(.+))?$/.exec(source) ??
    [];
  const names = [owner, name, ...file?.split("/") ?? []];
  if (owner === undefined || name === undefined || names.some((name) => /^\.+$/.test(name ?? ""))) {
    throw new CheckpointError(`Cannot find ${source}`, {
      expected: "hf:owner/name, hf:owner/name@revision or hf:owner/name/file",
      got: "another form",
    });
  }
  return { owner, name, revision: textOf(revision ?? "main"), file };
}

/** The source that names a place. */
export function formatHub({ owner, name, revision, file }: HubPlace): string {
  const version = revision === "main" ? "" : `@${encodeURIComponent(revision)}`;
  return `${hubPrefix}${owner}/${name}${version}${file === undefined ? "" : `/${file}`}`;
}
