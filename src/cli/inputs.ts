import { relative } from "node:path";
import { filesLike } from "../data/files_like.ts";
import { files, look } from "../io/host.ts";
import { reasonOf } from "../io/reason.ts";
import { ArgumentError, ImageError } from "../tensor/errors.ts";
import { joined, standardStream, stemOf, withoutExtension } from "./paths.ts";

/** An input image. */
export interface Input {
  /** The file, or `-` for standard input. */
  readonly path: string;
  /** The name of what is made of it: its own without extension, with the sub-folders of the folder or pattern that was given. */
  readonly name: string;
}

const imageName = /\.(png|jpe?g|webp)$/i;

/**
 * The images that arguments stand for: files, `-`, folders with all PNG, JPEG and WebP files below them, and patterns
 * (`filesLike`). They are in the order of the arguments, those of a folder or pattern by name.
 *
 * Throws `ImageError` for a folder or pattern without images, `ArgumentError` if standard input is given twice.
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
  if (kind === "folder") return below(arg, await imagesBelow(arg));
  if (kind || !/[*?{[]/.test(arg)) return [{ path: arg, name: stemOf(arg) }];
  const found: string[] = [];
  for (const path of await filesLike(arg)) if (await look(path) !== "folder") found.push(path);
  if (found.length === 0) {
    throw new ImageError(`Cannot read ${arg}`, { expected: "files that match the pattern", got: "none" });
  }
  const root = /^[^*?{[]*[/\\]/.exec(arg)?.[0] ?? ".";
  return found.map((path) => ({ path, name: withoutExtension(relative(root, path)) }));
}

function below(folder: string, names: readonly string[]): Input[] {
  return names.map((name) => ({ path: joined(folder, name), name: withoutExtension(name) }));
}

/** The images below a folder by their paths in it, without those whose path has a name that begins with a dot. */
async function imagesBelow(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await files().readdir(folder, { recursive: true });
  } catch (cause) {
    throw new ImageError(`Cannot read the folder ${folder}`, { got: reasonOf(cause), cause });
  }
  const images = names.filter((name) => imageName.test(name) && !/(^|[/\\])\./.test(name));
  if (images.length > 0) return images.sort();
  throw new ImageError(`Cannot read ${folder}`, {
    expected: "a folder with PNG, JPEG or WebP files",
    got: "none",
  });
}
