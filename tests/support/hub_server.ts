import { digestOf, FileServer, type ServedFile } from "./file_server.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The commit of all repositories of a `HubServer`. */
export const commit = "0123456789abcdef0123456789abcdef01234567";

/** How a repository is served. */
export interface Repository {
  /** Names of files that the hub keeps elsewhere, as it does with large ones. */
  readonly large?: readonly string[];
  /** The digests that it states of them, if wrong. */
  readonly digests?: Readonly<Record<string, string>>;
  readonly revision?: string;
  /** The token that it asks for. */
  readonly token?: string;
}

/** A server on loopback that speaks the hub's API, and a second one, where large files are. Disposing it stops both. */
export class HubServer implements AsyncDisposable {
  readonly hub: FileServer = new FileServer();
  readonly store: FileServer = new FileServer();

  /** Offers a repository, such as `owner/name`. Its large files are in `store` by their digests. */
  async put(
    repository: string,
    files: Readonly<Record<string, Bytes>>,
    { large = [], digests = {}, revision = "main", token }: Repository = {},
  ): Promise<void> {
    const siblings = [], access: Partial<ServedFile> = token ? { authorization: `Bearer ${token}` } : {};
    for (const [rfilename, bytes] of Object.entries(files)) {
      const path = `/${repository}/resolve/${commit}/${rfilename}`, isLarge = large.includes(rfilename);
      const sha256 = digests[rfilename] ?? await digestOf(bytes), blobId = sha256.slice(0, 40);
      siblings.push({ rfilename, size: bytes.length, blobId, ...isLarge && { lfs: { sha256 } } });
      if (!isLarge) this.hub.put(path, bytes, access);
      else {
        const headers = {
          "x-repo-commit": commit,
          "x-linked-etag": `"${sha256}"`,
          "x-linked-size": `${bytes.length}`,
        };
        const to = this.store.put(`/${sha256}`, bytes).href + "?signature=secret";
        this.hub.put(path, new Uint8Array(), { ...access, redirect: { to, headers } });
      }
    }
    const about = new TextEncoder().encode(JSON.stringify({ id: repository, sha: commit, siblings }));
    this.hub.put(`/api/models/${repository}/revision/${encodeURIComponent(revision)}`, about, access);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.hub, this.store].map((server) => server[Symbol.asyncDispose]()));
  }
}
