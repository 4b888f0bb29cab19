import { readHeader } from "../image/header.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError, DataError, ImageError } from "../tensor/errors.ts";
import { maxRunPixels } from "../tokenizer/runs.ts";
import { inLanes } from "./lanes.ts";
import type { ImageReader } from "./image_reader.ts";
import type { ImageSource } from "./source.ts";

/** An image of a source, resized and cropped to a square. */
export interface Square {
  /** Its place in the source. */
  readonly index: number;
  readonly image: Image;
}

/** Most pixels and images of a chunk. Two chunks are in memory at a time; each is enough for several runs of a tokenizer. */
const chunkPixels = 4 * maxRunPixels, chunkImages = 64;

/**
 * Images `begin` … `end` − 1 in order, center-cropped to squares, in chunks; the next chunk is read ahead. Damaged
 * images are missing; `next` is the image behind a chunk.
 */
export async function* squaresOf(
  reader: ImageReader,
  { begin, end, size }: { begin: number; end: number; size: number },
): AsyncGenerator<{ squares: Square[]; next: number }> {
  const chunk = Math.max(1, Math.min(chunkImages, Math.floor(chunkPixels / size ** 2)));
  const read = async (first: number) => {
    const next = Math.min(end, first + chunk);
    const images = await inLanes(next - first, {
      lanes: reader.width,
      work: (i) => reader.read(first + i, { size, crop: "center", mirrored: false }),
    });
    const squares = images.flatMap((image, i) => image ? [{ index: first + i, image }] : []);
    return { squares, next };
  };
  let coming = begin < end ? read(begin) : undefined;
  while (coming) {
    const current = await coming;
    coming = current.next < end ? read(current.next) : undefined;
    // An error of reading ahead is thrown when its turn comes.
    coming?.catch(() => {});
    yield current;
  }
}

/**
 * The size to which a source's images are brought for a tokenizer, and its tokens along a side. Without a `size` it is that
 * of the first image that says one. Throws `ArgumentError` where that is no square, or no multiple of the pixels of a
 * token, and `DataError` where all images are damaged.
 */
export async function squareSize(
  source: ImageSource,
  { factor }: { factor: number },
  size?: number,
): Promise<{ size: number; grid: number }> {
  const side = size ?? await sideOf(source);
  if (Number.isSafeInteger(side / factor) && side / factor >= 2) return { size: side, grid: side / factor };
  throw new ArgumentError("Cannot make tokens of images", {
    expected: `a size that is a multiple of ${factor}, two tokens at least`,
    got: `${side}`,
    hint: "use --size",
  });
}

/** The side of the first image that says its size, where it is a square. */
async function sideOf(source: ImageSource): Promise<number> {
  const { width, height } = await firstSize(source);
  if (width === height) return width;
  throw new ArgumentError(`Cannot make tokens of ${source.name}`, {
    expected: "square images, or a size to bring them to",
    got: `${width}×${height}`,
    hint: "use --size",
  });
}

async function firstSize(source: ImageSource): Promise<{ width: number; height: number }> {
  for (let index = 0; index < source.length; index++) {
    try {
      const file = await source.read(index);
      return file instanceof Uint8Array ? readHeader(file) : file;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      // Damaged: whoever reads all images says so.
    }
  }
  throw new DataError(`Cannot read ${source.name}`, {
    expected: "an image that is whole",
    got: `${source.length} damaged ones`,
  });
}
