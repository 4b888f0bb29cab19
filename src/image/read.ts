import type { FileHandle } from "node:fs/promises";
import { files } from "../io/host.ts";
import { isSystemError, reasonOf } from "../io/reason.ts";
import { ImageError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { decodeImage, decodeKinds, type DecodeOptions } from "./decode.ts";
import { checkPixels, defaultMaxPixels, readHeader } from "./header.ts";
import { TruncatedHeaderError, UnsupportedImageError } from "./header_type.ts";
import type { Image } from "./image.ts";
import { type ImageInput, imageOfPixels } from "./input.ts";

/** Bytes that are read to find the header. A JPEG may have metadata before it. */
const headBytes = 256 * 1024;

/** Bytes that a file may have beside its pixels: programs write thumbnails, profiles and whole workflows into images. */
const metadataBytes = 64 * 2 ** 20;

/**
 * Reads an image: a PNG, JPEG or WebP file by its path or `file:` URL, as a blob or as bytes; or pixels of a browser, such as
 * `ImageData`, a canvas or a `VideoFrame`.
 *
 * Colour profiles are ignored, as they were in the training of the reference implementation: the bytes of a file count, as
 * Pillow gives them.
 *
 * For files and blobs the header is checked before the rest is read. Files of more than 8 bytes for each pixel of
 * `maxPixels` and 64 MiB are rejected. Nothing is fetched from a network.
 * Throws an `ImageError` that names the file as `decodeImage` does, and if the file cannot be opened; `ArgumentError` for a
 * wrong option, and for a source of another kind.
 */
export async function readImage(
  source: string | URL | Uint8Array | ArrayBuffer | ImageInput,
  options: DecodeOptions = {},
): Promise<Image> {
  checkOptions(options, decodeKinds, "read the image");
  if (source instanceof Uint8Array) return await decodeImage(source, options);
  if (source instanceof ArrayBuffer) return await decodeImage(new Uint8Array(source), options);
  if (source instanceof Blob) return await decodeImage(await readImageBlob(source, options), options);
  if (typeof source === "string" || source instanceof URL) return await readFile(source, options);
  return await imageOfPixels(source, { ...options, action: "read the image" });
}

async function readFile(path: string | URL, options: DecodeOptions): Promise<Image> {
  const scheme = /^([a-z][a-z\d+.-]+:)/i.exec(String(path))?.[1];
  if (scheme && scheme !== "file:") {
    throw new ImageError("Cannot read the image", {
      expected: "a path or a file: URL",
      got: scheme,
      hint: "fetch it first, then give the blob() of the response",
    });
  }
  try {
    return await decodeImage(await readImageFile(path, options), options);
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    const { expected, got, hint } = cause;
    const Kind = cause instanceof UnsupportedImageError ? UnsupportedImageError : ImageError;
    throw new Kind(`${cause.subject} in ${path}`, { expected, got, hint, cause });
  }
}

/**
 * Reads the bytes of an image file within the limits of `readImage`, without decoding it.
 * Throws `ImageError` if it cannot be opened or is too large.
 */
export async function readImageFile(
  path: string | URL,
  options: Pick<DecodeOptions, "maxPixels"> = {},
): Promise<Uint8Array> {
  try {
    const file = await files().open(path);
    try {
      const info = await file.stat();
      if (!info.isFile()) {
        throw new ImageError("Cannot read the image", { expected: "a file", got: "something else" });
      }
      const read = (start: number, end: number) => readRange(file, { start, end });
      return await readChecked({ size: info.size, read }, options);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ImageError("Cannot open the image", { got: reasonOf(cause), cause });
  }
}

/** Reads the bytes of an image file in a blob as `readImageFile` does those of a file. */
export function readImageBlob(
  blob: Blob,
  options: Pick<DecodeOptions, "maxPixels"> = {},
): Promise<Uint8Array> {
  const read = async (start: number, end: number) =>
    new Uint8Array(await blob.slice(start, end).arrayBuffer());
  return readChecked({ size: blob.size, read }, options);
}

interface Source {
  size: number;
  read(start: number, end: number): Promise<Uint8Array>;
}

async function readChecked(
  { size, read }: Source,
  options: Pick<DecodeOptions, "maxPixels">,
): Promise<Uint8Array> {
  const { maxPixels = defaultMaxPixels } = options;
  // 8 bytes per pixel for uncompressed 16-bit RGBA.
  const maxBytes = maxPixels * 8 + metadataBytes;
  if (size > maxBytes) {
    throw new ImageError("Cannot read the image", {
      expected: `at most ${maxBytes} bytes (8 for each of maxPixels, and ${metadataBytes} for metadata)`,
      got: `${size}`,
    });
  }
  const head = await read(0, Math.min(size, headBytes));
  if (head.length === size) return head;
  try {
    checkPixels(readHeader(head), maxPixels);
  } catch (error) {
    if (!(error instanceof TruncatedHeaderError)) throw error;
  }
  return await read(0, size);
}

/** Reads a range of a file, or less where the file ends before it. */
async function readRange(
  file: FileHandle,
  { start, end }: { start: number; end: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
