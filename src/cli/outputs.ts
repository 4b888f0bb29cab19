import { writeFileAtomic } from "../io/atomic.ts";
import { files } from "../io/host.ts";
import { encodeImage } from "../image/encode.ts";
import type { ImageFormat } from "../image/header_type.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError, FileError } from "../tensor/errors.ts";

const formats: Readonly<Record<string, ImageFormat>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};

/**
 * The paths of images with the given names: the file `output` if it ends in `.png`, `.jpg` or `.webp`, otherwise PNG
 * files in the folder `output`. Throws `ArgumentError` if two images have the same path or one would replace an input.
 */
export async function imagePaths(
  output: string,
  { names, inputs = [] }: { names: readonly string[]; inputs?: readonly string[] },
): Promise<string[]> {
  const extension = extensionOf(output);
  const isFolder = extension === "" || await isDirectory(output);
  if (!isFolder && (!Object.hasOwn(formats, extension) || names.length > 1)) {
    throw new ArgumentError(`Cannot write to ${output}`, {
      expected: names.length > 1
        ? `a folder for ${names.length} images`
        : "a folder, or a .png, .jpg or .webp file",
      got: `a name that ends in ${extension}`,
    });
  }
  const paths = isFolder ? names.map((name) => joined(output, `${name}.png`)) : [output];
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) {
      throw new ArgumentError(`Cannot write two images to ${path}`, {
        hint: "rename one of the inputs, or use a folder for each",
      });
    }
    seen.add(path);
  }
  const real = new Set(await Promise.all(inputs.map((input) => Deno.realPath(input).catch(() => input))));
  for (const path of paths) {
    if (real.has(await Deno.realPath(path).catch(() => path))) {
      throw new ArgumentError(`Cannot write ${path}`, {
        got: "the path of an input",
        hint: "choose another -o",
      });
    }
  }
  return paths;
}

/** Checks that a file can be written at `path` before any work begins. Throws `FileError` if not. */
export async function checkWritable(path: string): Promise<void> {
  const existing = await stat(path);
  if (existing?.isDirectory) {
    throw new FileError(`Cannot write ${path}`, { expected: "the name of a file", got: "a folder" });
  }
  if (existing && !existing.isFile) return;
  let folder = folderOf(path), info = await stat(folder);
  while (!info && folder !== folderOf(folder)) info = await stat(folder = folderOf(folder));
  const refuse = (got: string, cause?: unknown): never => {
    throw new FileError(`Cannot write ${path}`, { got, hint: "choose another -o", cause });
  };
  if (!info?.isDirectory) refuse(`${folder}, which is not a folder`);
  const probe = joined(folder, `.voken-${crypto.randomUUID().slice(0, 8)}.tmp`);
  try {
    await Deno.writeFile(probe, new Uint8Array(), { createNew: true });
    await Deno.remove(probe);
  } catch (cause) {
    refuse(`no permission to write in ${folder}`, cause);
  }
}

/** Encodes an image in the format of the extension of `path` and writes it atomically. Creates its folder. */
export async function writeImage(path: string, image: Image): Promise<void> {
  await writeFile(path, await encodeImage(image, { format: formats[extensionOf(path)] ?? "png" }));
}

/** Writes a file atomically. Creates its folder. */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  await makeFolder(folderOf(path));
  await writeFileAtomic(path, bytes);
}

/** Creates a folder and those above it, unless they exist. Throws `FileError`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await files().mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new FileError(`Cannot create the folder ${folder}`, {
      got: cause instanceof Error ? cause.message : String(cause),
      hint: "choose another -o",
      cause,
    });
  }
}

/** The name of a file without its folder and extension. */
export function stemOf(path: string): string {
  const name = path.slice(path.search(/[^/\\]*$/));
  return name.replace(/(?<=.)\.[^.]*$/, "");
}

function extensionOf(path: string): string {
  return /[^/\\](\.[^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

function folderOf(path: string): string {
  const trimmed = path.replace(/(?<=.)[/\\]+$/, "");
  const end = Math.max(trimmed.lastIndexOf("/"), trimmed.lastIndexOf("\\"));
  return end < 0 ? "." : end === 0 ? "/" : trimmed.slice(0, end);
}

function joined(folder: string, name: string): string {
  return /[/\\]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path))?.isDirectory ?? false;
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch {
    // Writing the file will report the reason.
    return undefined;
  }
}
