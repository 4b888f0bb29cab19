import { reasonOf } from "../../io/reason.ts";
import { FileError } from "../../tensor/errors.ts";

/** The file in a run's folder that the training process keeps locked. */
export const lockFile = "lock";

/**
 * Locks a run's folder for this process until disposed. The lock is the operating system's, which releases it when
 * a process dies; the file says who holds it.
 *
 * Throws `FileError` naming the process where another trains there.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  const path = `${folder}/${lockFile}`;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true, write: true, create: true });
  } catch (cause) {
    throw new FileError(`Cannot train into ${folder}`, { got: reasonOf(cause), cause });
  }
  try {
    if (!await file.tryLock(true)) {
      const { pid, since } = JSON.parse(await Deno.readTextFile(path).catch(() => "{}") || "{}");
      throw new FileError(`Cannot train into ${folder}`, {
        expected: "a folder in which no other process trains",
        got: pid === undefined ? "one that is locked" : `one that process ${pid} holds since ${since}`,
        hint: "wait for it, stop it by SIGTERM, or choose another folder",
      });
    }
    await file.truncate();
    const holder = { pid: Deno.pid, since: new Date().toISOString() };
    await file.write(new TextEncoder().encode(JSON.stringify(holder) + "\n"));
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    [Symbol.dispose]() {
      file.truncateSync();
      file.close();
    },
  };
}
