import { files, look } from "../io/host.ts";
import { reasonOf } from "../io/reason.ts";
import { readImageFile } from "../image/read.ts";
import { DataError } from "../tensor/errors.ts";
import type { ImageSource } from "./source.ts";

const imageName = /\.(png|jpe?g|webp)$/i;
/** Folders within folders: what is deeper is a circle of links. */
const maxDepth = 16;

/**
 * The PNG, JPEG and WebP files of a folder. Its sub-folders are the classes, numbered by name, with all that is below
 * them; a folder without sub-folders holds images without labels. Names that begin with a dot do not count.
 *
 * Throws `DataError` where the folder, or a class, has no images, cannot be read, or has images both in and beside
 * sub-folders.
 */
export async function openFolder(path: string): Promise<ImageSource> {
  const root = withoutSlash(path);
  const { folders, images } = await list(root);
  if (folders.length === 0) {
    if (images.length === 0) throw withoutImages(root);
    return folderSource(root, { images, classes: [] });
  }
  if (images.length > 0) {
    throw new DataError(`Cannot tell the classes of ${root}`, {
      expected: "images in sub-folders, or none in them",
      got: `${images[0]} beside the folder ${folders[0]}`,
      hint: "move every image into its class's folder",
    });
  }
  const all: string[] = [], labels: number[] = [];
  for (const [label, folder] of folders.entries()) {
    const before = all.length;
    for await (const file of filesBelow(root, folder, 1)) {
      all.push(file);
      labels.push(label);
    }
    if (all.length === before) throw withoutImages(`${root}/${folder}`);
  }
  return folderSource(root, { images: all, classes: folders, labels: Uint32Array.from(labels) });
}

function folderSource(
  root: string,
  { images, classes, labels }: { images: string[]; classes: string[]; labels?: Uint32Array },
): ImageSource {
  return {
    name: root,
    length: images.length,
    classes,
    labels,
    nameOf: (index) => images[index]!,
    read: (index) => readImageFile(`${root}/${images[index]}`),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/**
 * The images below a folder of `root`, or below `root` itself, which is "", by their paths in it: those of each folder by
 * name, then those of its sub-folders. Throws `DataError` where a folder cannot be read.
 */
export async function* filesBelow(root: string, folder = "", depth = 0): AsyncGenerator<string> {
  if (depth > maxDepth) {
    throw new DataError(`Cannot read ${root}`, {
      expected: `at most ${maxDepth} folders within each other`,
      got: folder,
      hint: "look for links that lead back",
    });
  }
  const prefix = folder && `${folder}/`;
  const { folders, images } = await list(`${root}/${folder}`);
  for (const file of images) yield prefix + file;
  for (const inner of folders) yield* filesBelow(root, prefix + inner, depth + 1);
}

/** The sub-folders and images in a folder, each sorted by name. Links are followed. */
async function list(path: string): Promise<{ folders: string[]; images: string[] }> {
  const folders: string[] = [], images: string[] = [], { readdir } = files();
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const { name } = entry;
      if (name.startsWith(".")) continue;
      const isFolder = entry.isSymbolicLink()
        ? await look(`${path}/${name}`) === "folder"
        : entry.isDirectory();
      if (isFolder) folders.push(name);
      else if (imageName.test(name)) images.push(name);
    }
  } catch (cause) {
    throw new DataError(`Cannot read the folder ${path}`, { got: reasonOf(cause), cause });
  }
  return { folders: folders.sort(), images: images.sort() };
}

/** A path without slashes at its end. */
export function withoutSlash(path: string): string {
  return path.replace(/(?<=.)[/\\]+$/, "");
}

/** The error for a folder without images. */
export function withoutImages(path: string): DataError {
  return new DataError(`Cannot take images from ${path}`, {
    expected: "PNG, JPEG or WebP files, or sub-folders of them",
    got: "none",
  });
}
