import { environment } from "../io/host.ts";
import { isOffline } from "../io/cache/folder.ts";
import { openCache } from "../io/cache/open_cache.ts";
import { type FetchOptions, fetchSource, type RemoteFile } from "../io/fetch_source.ts";
import { fetchJson } from "../io/http/json.ts";
import { shown } from "../io/http/request.ts";
import { ArgumentError, CheckpointError, NetworkError } from "../tensor/errors.ts";
import { configFile } from "./config_json.ts";
import { formatHub, hubPath, type HubPlace, parseHub } from "./hub_place.ts";
import { hubToken } from "./hub_token.ts";
import { type ModelFiles, transformerFile, weightsFile } from "./model_files.ts";

/** What the hub tells of a repository. */
interface HubModel {
  /** The commit. */
  readonly sha?: string;
  readonly siblings?: readonly HubFile[];
}

/** What the hub tells of a file. */
interface HubFile {
  readonly rfilename: string;
  readonly size?: number;
  /** Git's name of the content. */
  readonly blobId?: string;
  /** Of large files. */
  readonly lfs?: { readonly sha256?: string };
}

/**
 * Finds a model on the Hugging Face hub, or on the mirror that `HF_ENDPOINT` names: the file or folder that `source`
 * names, else the files of a model's folder, else the only checkpoint of the repository. Offline, what is in the
 * cache counts.
 *
 * Throws `CheckpointError` if there is no such file, or several checkpoints and none is named; `NetworkError` if the
 * hub cannot be reached or refuses.
 */
export async function hubModel(source: string, options: FetchOptions): Promise<ModelFiles> {
  const place = parseHub(source), files = await filesOf(place, options);
  const open = async (file: string) => {
    const remote = files.get(file);
    if (!remote) return undefined;
    try {
      return await fetchSource(remote, options);
    } catch (error) {
      throw explained(error, place);
    }
  };
  const chosen = choose([...files.keys()], place);
  return chosen === "" || chosen.endsWith("/")
    ? { kind: "folder", name: source, open: (file) => open(chosen + file) }
    : { kind: "file", open: async () => (await open(chosen))! };
}

/** The files of a repository by name, as the hub lists them, or else as far as they are in the cache. */
async function filesOf(place: HubPlace, { signal }: FetchOptions): Promise<Map<string, RemoteFile>> {
  if (!isOffline()) {
    try {
      return await listed(place, signal);
    } catch (error) {
      // The hub's no is believed.
      const kept = error instanceof NetworkError && error.status === undefined ? await keptFiles(place) : [];
      if (kept.length > 0) return new Map(kept);
      throw explained(error, place);
    }
  }
  const kept = await keptFiles(place);
  if (kept.length > 0) return new Map(kept);
  throw new NetworkError(`Cannot fetch ${formatHub(place)}`, {
    expected: "a network, or the model in the cache",
    got: "VOKEN_OFFLINE, and nothing of it in the cache",
    hint: "fetch it once with voken pull, without VOKEN_OFFLINE",
  });
}

async function listed(place: HubPlace, signal?: AbortSignal): Promise<Map<string, RemoteFile>> {
  const { owner, name, revision } = place, token = await hubToken(), base = endpoint();
  const url = new URL(
    `${base}/api/models/${owner}/${name}/revision/${encodeURIComponent(revision)}?blobs=true`,
  );
  const { sha, siblings } = (await fetchJson({ url, token }, { signal }) ?? {}) as HubModel;
  if (!Array.isArray(siblings)) {
    throw new NetworkError(`Cannot fetch ${shown(url)}`, { expected: "a list of files", got: "other JSON" });
  }
  const files: readonly HubFile[] = siblings;
  return new Map(files.map(({ rfilename: file, size, blobId, lfs }) => [file, {
    // What the commit names never changes.
    url: fileUrl({ ...place, revision: sha ?? revision, file }),
    token,
    path: pathIn(place, file),
    size,
    sha256: lfs?.sha256,
    version: blobId,
  }]));
}

async function keptFiles(place: HubPlace): Promise<[string, RemoteFile][]> {
  const below = pathIn(place), entries = await (await openCache())?.list(below) ?? [];
  return entries.filter(({ isPart }) => !isPart).map(({ path, version }) => {
    const file = path.slice(below.length).join("/");
    return [file, { url: fileUrl({ ...place, file }), path, version }];
  });
}

function pathIn({ owner, name, revision }: HubPlace, file?: string): string[] {
  return [hubPath, owner, name, revision, ...file?.split("/") ?? []];
}

function fileUrl({ owner, name, revision, file }: HubPlace): URL {
  const path = file!.split("/").map(encodeURIComponent).join("/");
  return new URL(`${endpoint()}/${owner}/${name}/resolve/${encodeURIComponent(revision)}/${path}`);
}

function endpoint(): string {
  const address = environment("HF_ENDPOINT") || "https://huggingface.co";
  if (URL.canParse(address) && /^https?:/.test(address)) return address.replace(/\/+$/, "");
  throw new ArgumentError("Cannot use the mirror of the hub that HF_ENDPOINT names", {
    expected: "an address that starts with https://",
    got: address,
  });
}

/** The file to open, or the folder, which ends in `/` or is empty. */
function choose(files: readonly string[], place: HubPlace): string {
  const { file } = place, checkpoints = files.filter((name) => /\.(ckpt|pth?|safetensors)$/.test(name));
  if (file !== undefined) {
    const folder = `${file.replace(/\/+$/, "")}/`;
    if (files.includes(file)) return file;
    if (files.includes(folder + weightsFile)) return folder;
  } else {
    const isModel = files.includes(weightsFile) &&
      (files.includes(configFile) || files.includes(transformerFile));
    if (isModel) return "";
    if (checkpoints.length === 1) return checkpoints[0]!;
  }
  const some = checkpoints.slice(0, 10).map((file) => formatHub({ ...place, file })).join(", ");
  throw new CheckpointError(`Cannot find ${formatHub(place)}`, {
    expected: file === undefined
      ? "a repository with one checkpoint, or a file by name"
      : "a file of the repository",
    got: checkpoints.length === 0 ? "a repository without checkpoints" : "others",
    hint: some && `choose among ${some}${checkpoints.length > 10 ? ", …" : ""}`,
  });
}

/** An error with what to do about it. */
function explained(error: unknown, place: HubPlace): unknown {
  if (!(error instanceof NetworkError)) return error;
  const { owner, name } = place, { status, got } = error;
  const hint = status === 401
    ? "check the name; if the model is private or gated, set HF_TOKEN to a token that may read it"
    : status === 403
    ? `ask for access at ${endpoint()}/${owner}/${name}, then set HF_TOKEN to a token that may read it`
    : status === 404
    ? "check the names of the owner, the model, the revision and the file"
    : error.hint;
  return new NetworkError(`Cannot fetch ${formatHub(place)}`, { got, hint, status, cause: error });
}
