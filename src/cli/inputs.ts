import { relative } from "node:path";
import { filesLike } from "../data/files_like.ts";
import { filesBelow, withoutImages, withoutSlash } from "../data/folder_source.ts";
import { look } from "../io/host.ts";
import { ArgumentError, DataError } from "../tensor/errors.ts";
import { joined, standardStream, stemOf, withoutExtension } from "./paths.ts";

/** An input image. */
export interface Input {
  /** The file, or `-` for standard input. */
  readonly path: string;
  /** The name of what is made of it: its own without extension, with the sub-folders of the folder or pattern that was given. */
  readonly name: string;
}

/**
 * The images that arguments stand for: files, `-`, folders with all PNG, JPEG and WebP files below them, and patterns
 * (`filesLike`). They are in the order of the arguments, those of a folder as `images` gives them, those of a pattern by name.
 *
 * Throws `DataError` for a folder or pattern without images, `ArgumentError` if standard input is given twice.
 */
export async function inputImages(args: readonly string[]): Promise<Input[]> {
  if (args.filter((arg) => arg === standardStream).length > 1) {
    throw new ArgumentError("Cannot read standard input twice", { hint: "give - once" });
  }
  const inputs: Input[] = [];
  for (const arg of args) inputs.push(...await inputsOf(arg));
  return inputs;
}

async function inputsOf(arg: string): Promise<Input[]> {
  if (arg === standardStream) return [{ path: arg, name: "stdin" }];
  const kind = await look(arg);
  if (kind === "folder") return await imagesIn(arg);
  if (kind || !/[*?{[]/.test(arg)) return [{ path: arg, name: stemOf(arg) }];
  const found: string[] = [];
  for (const path of await filesLike(arg)) if (await look(path) !== "folder") found.push(path);
  if (found.length === 0) {
    throw new DataError(`Cannot take images from ${arg}`, {
      expected: "files that match the pattern",
      got: "none",
    });
  }
  const root = /^[^*?{[]*[/\\]/.exec(arg)?.[0] ?? ".";
  return found.map((path) => ({ path, name: withoutExtension(relative(root, path)) }));
}

async function imagesIn(folder: string): Promise<Input[]> {
  const names = await Array.fromAsync(filesBelow(withoutSlash(folder)));
  if (names.length === 0) throw withoutImages(folder);
  return names.map((name) => ({ path: joined(folder, name), name: withoutExtension(name) }));
}
