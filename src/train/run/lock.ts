import { files } from "../../io/host.ts";
import { takeLock } from "../../io/lock_file.ts";
import { reasonOf } from "../../io/reason.ts";
import { FileError } from "../../tensor/errors.ts";

/** The file in a run's folder that the training process keeps locked. */
export const lockFile = "lock";

/** Locks a run's folder for this process until disposed. Throws `FileError` naming the process where another trains there. */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = `${folder}/${lockFile}`;
  const lock = await takeLock(path).catch((cause) => {
    throw new FileError(`Cannot train into ${folder}`, { got: reasonOf(cause), cause });
  });
  if (lock) return lock;
  const { pid, since } = JSON.parse(await files().readFile(path, "utf8").catch(() => "") || "{}");
  throw new FileError(`Cannot train into ${folder}`, {
    expected: "a folder in which no other process trains",
    got: pid === undefined ? "one that is locked" : `one that process ${pid} holds since ${since}`,
    hint: "wait for it, stop it by SIGTERM, or choose another folder",
  });
}
