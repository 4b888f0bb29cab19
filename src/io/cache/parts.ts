import { files } from "../host.ts";
import { sleep } from "../http/sleep.ts";

/** Milliseconds without a byte after which another process may go on with a part. */
const idleAfter = 10_000;
/** Milliseconds in which all who begin at the same time make their files. */
const settleTime = 50;

/** A download under way, or one that was given up. */
export interface Part {
  readonly file: string;
  readonly size: number;
  /** When something was last written to it. */
  readonly date: Date;
}

/**
 * Begins a download, or goes on with one that was given up. While another process is at it, resolves to that one's
 * part with `taken: false`.
 *
 * There are no locks, which would outlive a process that is killed. A part belongs to who gave it its name, which is
 * unique. Who takes it over renames it, and only one can do that. A part is idle if nothing was written to it for a
 * while; if its owner was only slow, both write the same bytes at the same places.
 */
export async function takePart(
  folder: string,
  version: string,
  { resumable }: { resumable: boolean },
): Promise<Part & { taken: boolean }> {
  const { open, rename, rm, utimes } = files();
  const taken = partName(folder, version);
  for (const part of await partsOf(folder, version)) {
    if (!part.idle) return { ...part, taken: false };
    try {
      if (!resumable) await rm(part.file);
      else {
        // Before it is renamed, so that nobody sees it idle under its new name.
        await utimes(part.file, new Date(), new Date());
        await rename(part.file, taken);
        return { ...part, file: taken, taken: true };
      }
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  // Of those who begin at the same time the first goes on: all look when each has had the time to make its file.
  const file = partName(folder, version);
  await (await open(file, "wx")).close();
  await sleep(settleTime);
  const earlier = (await partsOf(folder, version)).find((part) => !part.idle && part.file < file);
  if (!earlier) return { file, size: 0, date: new Date(), taken: true };
  await rm(file);
  return { ...earlier, taken: false };
}

/** A name of its own for a part; earlier ones sort first. */
function partName(folder: string, version: string): string {
  return `${folder}/${version}~${Date.now().toString(36)}-${crypto.randomUUID().slice(0, 8)}.part`;
}

/** Lets others go on with a part at once. */
export async function leavePart(file: string): Promise<void> {
  await files().utimes(file, 0, 0).catch(() => {});
}

/** The parts of a version, the largest first; of all versions without one. */
export async function partsOf(folder: string, version?: string): Promise<(Part & { idle: boolean })[]> {
  const { readdir, stat } = files();
  const names = await readdir(folder);
  const found = await Promise.all(
    names.filter((name) => name.startsWith(version ? `${version}~` : "@") && name.endsWith(".part"))
      .map(async (name) => {
        const file = `${folder}/${name}`, info = await stat(file).catch(() => undefined);
        const idle = info && Date.now() - info.mtimeMs > idleAfter;
        return info && { file, size: info.size, date: info.mtime, idle: idle! };
      }),
  );
  return found.filter((part) => part !== undefined).sort((a, b) => b.size - a.size);
}
