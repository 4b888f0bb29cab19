import { readHeader } from "../image/header.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError, DataError, ImageError } from "../tensor/errors.ts";
import { inLanes } from "./lanes.ts";
import type { PictureReader } from "./picture_reader.ts";
import type { PictureSource } from "./source.ts";

/** A picture of a source, brought to a square. */
export interface Square {
  readonly picture: number;
  readonly image: Image;
}

/** Pixels and pictures of a chunk: few enough that two of them are in memory, enough for whole runs. */
const chunkPixels = 4 * 65536, chunkPictures = 64;

/**
 * Pictures `begin` … `end` − 1 in order, cut to squares in the middle, some at a time, the next ones read meanwhile. Damaged
 * pictures are missing; `next` is the picture behind a chunk.
 */
export async function* squaresOf(
  reader: PictureReader,
  { begin, end, size }: { begin: number; end: number; size: number },
): AsyncGenerator<{ squares: Square[]; next: number }> {
  const chunk = Math.max(1, Math.min(chunkPictures, Math.floor(chunkPixels / size ** 2)));
  const read = async (first: number) => {
    const next = Math.min(end, first + chunk);
    const images = await inLanes(next - first, {
      lanes: reader.width,
      work: (i) => reader.read(first + i, { size, crop: "center", mirrored: false }),
    });
    const squares = images.flatMap((image, i) => image ? [{ picture: first + i, image }] : []);
    return { squares, next };
  };
  let coming = begin < end ? read(begin) : undefined;
  while (coming) {
    const current = await coming;
    coming = current.next < end ? read(current.next) : undefined;
    // What goes wrong ahead is told when its turn comes.
    coming?.catch(() => {});
    yield current;
  }
}

/**
 * The size to which a source's pictures are brought for a tokenizer, and its tokens along a side. Without a `size` it is that
 * of the first picture that says one. Throws `ArgumentError` where that is no square, or no multiple of the pixels of a
 * token, and `DataError` where all pictures are damaged.
 */
export async function squareSize(
  source: PictureSource,
  { factor }: { factor: number },
  size?: number,
): Promise<{ size: number; grid: number }> {
  const side = size ?? await sideOf(source);
  if (Number.isSafeInteger(side / factor) && side / factor >= 2) return { size: side, grid: side / factor };
  throw new ArgumentError("Cannot make tokens of pictures", {
    expected: `a size that is a multiple of ${factor}, two tokens at least`,
    got: `${side}`,
    hint: "use --size",
  });
}

/** The side of the first picture that says its size, where it is a square. */
async function sideOf(source: PictureSource): Promise<number> {
  const { width, height } = await firstSize(source);
  if (width === height) return width;
  throw new ArgumentError(`Cannot make tokens of ${source.name}`, {
    expected: "square pictures, or a size to bring them to",
    got: `${width}×${height}`,
    hint: "use --size",
  });
}

async function firstSize(source: PictureSource): Promise<{ width: number; height: number }> {
  for (let picture = 0; picture < source.length; picture++) {
    try {
      const file = await source.read(picture);
      return file instanceof Uint8Array ? readHeader(file) : file;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      // Damaged: whoever reads all pictures says so.
    }
  }
  throw new DataError(`Cannot read ${source.name}`, {
    expected: "a picture that is whole",
    got: `${source.length} damaged ones`,
  });
}
