import { files, isRunning, lockByHost, processId } from "./host.ts";

/** Milliseconds in which a process that made a lock file says in it who it is. */
const writingTime = 10_000;

/**
 * Takes the lock file at `path` for this process until it is disposed; resolves to `undefined` while another has it. The file
 * says who holds it, as JSON: `pid`, `since`.
 *
 * On Deno the lock is the operating system's, which releases it when a process dies. Other hosts have no such locks: there
 * the file itself is the lock, and one of a process that does not run any more does not count.
 */
export async function takeLock(path: string): Promise<AsyncDisposable | undefined> {
  const holder = JSON.stringify({ pid: processId(), since: new Date().toISOString() }) + "\n";
  return lockByHost ? await lockByHost(path, holder) : await lockByFile(path, holder);
}

/** Makes the lock file, or replaces one that nobody holds any more. */
export async function lockByFile(path: string, holder: string): Promise<AsyncDisposable | undefined> {
  const { rm, writeFile } = files();
  for (let isFree = true; isFree; isFree = await removeLeft(path)) {
    try {
      await writeFile(path, holder, { flag: "wx" });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  return undefined;
}

/** Removes a lock file that nobody holds. Resolves to whether it did. */
async function removeLeft(path: string): Promise<boolean> {
  const { readFile, rm, stat } = files();
  const text = await readFile(path, "utf8").catch(() => "");
  const held = text.endsWith("\n")
    ? isRunning(JSON.parse(text).pid)
    : Date.now() - Number((await stat(path)).mtime) < writingTime;
  if (!held) await rm(path, { force: true });
  return !held;
}
