import type { Command } from "commander";
import { encodeImage } from "../image/encode.ts";
import type { ImageFormat } from "../image/header_type.ts";
import type { Image } from "../image/image.ts";
import { files, look } from "../io/host.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { Io } from "./io.ts";
import { withForce, writeFile } from "./outputs.ts";
import { extensionOf, joined, standardStream } from "./paths.ts";

/** Adds the options `--output`, for images, and `--force` to a command. */
export function withImageOutput(command: Command): Command {
  return withForce(
    command.option(
      "-o, --output <path>",
      "a folder, or for one image a .png, .jpg or .webp file or - for standard output",
      "out",
    ),
  );
}

const formats: Readonly<Record<string, ImageFormat>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};

/**
 * The paths of images with the given names: `output` itself if it is `-` or ends in `.png`, `.jpg` or `.webp`, otherwise
 * PNG files in the folder `output`. Throws `ArgumentError` if two images have the same path or one would replace an input.
 */
export async function imagePaths(
  output: string,
  { names, inputs = [] }: { names: readonly string[]; inputs?: readonly string[] },
): Promise<string[]> {
  const paths = await isImageFolder(output) ? names.map((name) => joined(output, `${name}.png`)) : [output];
  if (paths.length < names.length) {
    throw new ArgumentError(`Cannot write to ${output}`, {
      expected: `a folder for ${names.length} images`,
      got: "the name of one file",
    });
  }
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) {
      throw new ArgumentError(`Cannot write two images to ${path}`, {
        hint: "rename one of the inputs, or use a folder for each",
      });
    }
    seen.add(path);
  }
  const real = new Set(await Promise.all(inputs.map(realPath)));
  for (const path of paths) {
    if (path !== standardStream && real.has(await realPath(path))) {
      throw new ArgumentError(`Cannot write ${path}`, {
        got: "the path of an input",
        hint: "choose another -o",
      });
    }
  }
  return paths;
}

/** Whether images are written to files in `output`, not to `output` itself. Throws `ArgumentError` for other files. */
export async function isImageFolder(output: string): Promise<boolean> {
  if (output === standardStream) return false;
  const extension = extensionOf(output);
  if (Object.hasOwn(formats, extension)) return await look(output) === "folder";
  if (extension === "" || await look(output) === "folder") return true;
  throw new ArgumentError(`Cannot write to ${output}`, {
    expected: "a folder, or a .png, .jpg or .webp file",
    got: `a name that ends in ${extension}`,
  });
}

/** Encodes an image in the format of the extension of `path`, PNG if there is none, and writes it. */
export async function writeImage(path: string, image: Image, io: Io): Promise<void> {
  await writeFile(path, await encodeImage(image, { format: formats[extensionOf(path)] ?? "png" }), io);
}

async function realPath(path: string): Promise<string> {
  return await files().realpath(path).catch(() => path);
}
