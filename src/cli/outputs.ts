import type { Command } from "commander";
import { writeFileAtomic } from "../io/atomic.ts";
import { files, look, permitted } from "../io/host.ts";
import { absence, denied, reasonOf } from "../io/reason.ts";
import { ArgumentError, FileError } from "../tensor/errors.ts";
import type { Io } from "./io.ts";
import { folderOf, joined, standardStream } from "./paths.ts";

/** Options of commands that write files. */
export interface OutputOptions {
  force?: true;
}

/** Adds the option `--force` to a command. */
export function withForce(command: Command): Command {
  return command.option("--force", "replace files that exist");
}

/**
 * Checks before any work begins that files can be written. Throws `FileError` for one that cannot or, without `force`,
 * that exists; `ArgumentError` for `-` if standard output is a terminal. Devices and pipes may always be written.
 */
export async function checkOutputs(
  paths: readonly string[],
  { force }: OutputOptions,
  io: Io,
): Promise<void> {
  const folders = new Map<string, string>();
  for (const path of paths) {
    if (path === standardStream) {
      checkStandardOutput(io);
      continue;
    }
    const existing = await look(path);
    if (existing === "folder") {
      throw new FileError(`Cannot write ${path}`, { expected: "the name of a file", got: "a folder" });
    }
    if (existing === "file" && !force) {
      throw new FileError(`Cannot write ${path}`, {
        got: "a file that exists",
        hint: "give --force to replace it, or choose another -o",
      });
    }
    if (existing !== "other") folders.set(folderOf(path), path);
  }
  for (const [folder, path] of folders) await checkFolder(folder, path);
}

function checkStandardOutput(io: Io): void {
  if (!io.toTerminal) return;
  throw new ArgumentError("Cannot write to standard output", {
    expected: "a file or pipe, such as `> image.png`",
    got: "a terminal",
  });
}

/** Checks that files can be written in a folder, or in the nearest one above it that exists. */
async function checkFolder(folder: string, path: string): Promise<void> {
  let kind = await look(folder);
  while (!kind && folder !== folderOf(folder)) kind = await look(folder = folderOf(folder));
  const refuse = (got: string, cause?: unknown): never => {
    throw new FileError(`Cannot write ${path}`, { got, hint: "choose another -o", cause });
  };
  if (!kind) refuse(absence(folder));
  if (kind !== "folder") refuse(`${folder}, which is not a folder`);
  const probe = joined(folder, `.voken-${crypto.randomUUID().slice(0, 8)}.tmp`);
  try {
    await files().writeFile(probe, "", { flag: "wx" });
    await files().rm(probe);
  } catch (cause) {
    const mayWrite = permitted({ name: "write", path: folder });
    refuse(mayWrite ? `no permission to write in ${folder}` : denied(`--allow-write=${folder}`), cause);
  }
}

/** Writes a file atomically and creates its folder, or writes to standard output. */
export async function writeFile(path: string, bytes: Uint8Array, io: Io): Promise<void> {
  if (path === standardStream) return io.output(bytes);
  await makeFolder(folderOf(path));
  await writeFileAtomic(path, bytes);
}

/** Creates a folder and those above it, unless they exist. Throws `FileError`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await files().mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new FileError(`Cannot create the folder ${folder}`, {
      got: reasonOf(cause),
      hint: "choose another -o",
      cause,
    });
  }
}
