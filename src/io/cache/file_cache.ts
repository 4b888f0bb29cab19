import { FileError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import { files } from "../host.ts";
import { sleep } from "../http/sleep.ts";
import { openSource } from "../open_source.ts";
import { reasonOf } from "../reason.ts";
import { checkDigest } from "../sha256.ts";
import type { Cache, CacheEntry, CachePath, Content } from "./cache.ts";
import { fileNameOf, textOf } from "./names.ts";
import { leavePart, partsOf, takePart } from "./parts.ts";

/** Milliseconds between two looks at another process's download. */
const pollInterval = 200;
/** Codes of errors that mean that nothing can be written here. */
const closed: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "EROFS"]);

/**
 * A cache in a folder. A version of a file is `<path>/@<version>/<name>`, made by renaming the complete download
 * `<path>/@<version>~….part`. Nothing is ever written to it again, so that it may be read while other processes
 * replace it.
 */
export class FileCache implements Cache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder.replace(/(?<=.)[/\\]+$/, "");
  }

  async open(path: CachePath, version?: string): Promise<ByteSource | undefined> {
    const folder = this.#folderOf(path);
    const newest = version === undefined
      ? (await this.#versions(folder))[0]?.name
      : `@${fileNameOf(version)}`;
    return newest === undefined
      ? undefined
      : await openIfThere(`${folder}/${newest}/${fileNameOf(path.at(-1)!)}`);
  }

  async store(path: CachePath, version: string, content: Content): Promise<ByteSource | undefined> {
    const { mkdir, rm } = files();
    const folder = this.#folderOf(path), versioned = `@${fileNameOf(version)}`;
    try {
      await mkdir(folder, { recursive: true });
      for (;;) {
        const there = await this.open(path, version);
        if (there) return there;
        const part = await takePart(folder, versioned, content);
        if (part.taken) {
          // Another process may have completed it between the look and the taking.
          const completed = await this.open(path, version);
          if (completed) {
            await rm(part.file, { force: true });
            return completed;
          }
          await complete(part.file, `${folder}/${versioned}`, { path, content });
        } else {
          content.onBytes(part.size);
          await sleep(pollInterval, content.signal);
        }
      }
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      if (closed.has(code) || name === "NotCapable") return undefined;
      if (!(error instanceof Error && "syscall" in error || error instanceof FileError)) throw error;
      throw new FileError(`Cannot keep ${path.at(-1)} in ${folder}`, {
        got: reasonOf(error),
        hint: "name another folder by the variable VOKEN_CACHE",
        cause: error,
      });
    } finally {
      await this.#clean(folder, versioned).catch(() => {});
    }
  }

  async list(below: CachePath = []): Promise<CacheEntry[]> {
    const { readdir } = files(), entries: CacheEntry[] = [];
    const walk = async (path: CachePath): Promise<void> => {
      const folder = this.#folderOf(path), [newest] = await this.#versions(folder);
      const names = (await readdir(folder).catch(() => [])).sort();
      if (newest) {
        const { size, date } = newest, version = textOf(newest.name.slice(1));
        const place = `${folder}/${newest.name}/${fileNameOf(path.at(-1)!)}`;
        entries.push({ path, version, size, date, place });
      } else if (names.length > 0) {
        const [part] = await partsOf(folder);
        if (part) entries.push({ path, version: "", isPart: true, place: part.file, ...part });
      }
      for (const name of names) {
        if (!name.startsWith("@")) await walk([...path, textOf(name)]);
      }
    };
    await walk(below);
    return entries;
  }

  async remove({ path }: CacheEntry): Promise<void> {
    const { readdir, rm, rmdir } = files();
    const folder = this.#folderOf(path);
    for (const name of await readdir(folder)) {
      if (name.startsWith("@")) await rm(`${folder}/${name}`, { recursive: true, force: true });
    }
    // Folders that hold nothing more go, too.
    for (let depth = path.length; depth > 0; depth--) {
      if (!await rmdir(this.#folderOf(path.slice(0, depth))).then(() => true, () => false)) return;
    }
  }

  #folderOf(path: CachePath): string {
    return [this.#folder, ...path.map(fileNameOf)].join("/");
  }

  /** The versions in a folder, the newest first. */
  async #versions(folder: string): Promise<{ name: string; size: number; date: Date }[]> {
    const { readdir, stat } = files(), file = folder.slice(folder.lastIndexOf("/") + 1);
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^@[^~]+$/.test(name));
    const found = await Promise.all(names.map(async (name) => {
      const info = await stat(`${folder}/${name}/${file}`).catch(() => undefined);
      return info && { name, size: info.size, date: info.mtime };
    }));
    return found.filter((version) => version !== undefined).sort((a, b) => +b.date - +a.date);
  }

  /** Removes other versions and downloads of them that were given up, if this version is there. */
  async #clean(folder: string, versioned: string): Promise<void> {
    const { rm } = files(), versions = await this.#versions(folder);
    if (!versions.some(({ name }) => name === versioned)) return;
    for (const { name } of versions) {
      if (name !== versioned) await rm(`${folder}/${name}`, { recursive: true });
    }
    for (const { file, idle } of await partsOf(folder)) if (idle) await rm(file, { force: true });
  }
}

/** Downloads what is missing of a part, checks it, and gives it its name. */
async function complete(
  part: string,
  folder: string,
  { path, content }: { path: CachePath; content: Content },
): Promise<void> {
  const { mkdir, rename, rm } = files();
  const target = `${folder}/${fileNameOf(path.at(-1)!)}`;
  try {
    const resumed = await fill(part, content);
    try {
      if (content.sha256) await checkFile(part, { name: path.at(-1)!, sha256: content.sha256 });
    } catch (error) {
      await rm(part, { force: true });
      // What an earlier process left may be at fault.
      if (resumed) return;
      throw error;
    }
    await mkdir(folder, { recursive: true });
    await rename(part, target).catch(async (error) => {
      // Windows does not rename onto a file that is being read.
      if (!await isFile(target)) throw error;
      await rm(part);
    });
  } catch (error) {
    // Another process took the part over.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    if (content.resumable) await leavePart(part);
    else await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

/** Writes the bytes that a part lacks. Resolves to whether it had some. */
async function fill(part: string, { size, from, onBytes, signal }: Content): Promise<boolean> {
  const handle = await files().open(part, "r+");
  try {
    let at = (await handle.stat()).size;
    if (size !== undefined && at > size) {
      await handle.truncate();
      at = 0;
    }
    const resumed = at > 0;
    onBytes(at);
    if (at !== size) {
      for await (const chunk of from(at)) {
        signal?.throwIfAborted();
        for (let done = 0; done < chunk.length;) {
          done += (await handle.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
        }
        onBytes(at += chunk.length);
      }
    }
    await handle.sync();
    return resumed;
  } finally {
    await handle.close();
  }
}

async function checkFile(path: string, { name, sha256 }: { name: string; sha256: string }): Promise<void> {
  await using source = await openSource(path);
  await checkDigest(source, sha256, { name });
}

async function openIfThere(path: string): Promise<ByteSource | undefined> {
  // It may be removed between the two.
  return await isFile(path) ? await openSource(path).catch(() => undefined) : undefined;
}

function isFile(path: string): Promise<boolean> {
  return files().stat(path).then((info) => info.isFile(), () => false);
}
