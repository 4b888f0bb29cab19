import type { Image } from "../../image/image.ts";
import { inLanes } from "./lanes.ts";
import type { PictureReader } from "./picture_reader.ts";

/** A picture of a source, brought to a square. */
export interface Square {
  readonly picture: number;
  readonly image: Image;
}

/**
 * Pictures `begin` … `end` − 1 in order, cut to squares in the middle, `chunk` at a time, the next ones read meanwhile. Damaged
 * pictures are missing; `next` is the picture behind a chunk.
 */
export async function* squaresOf(
  reader: PictureReader,
  { begin, end, size, chunk }: { begin: number; end: number; size: number; chunk: number },
): AsyncGenerator<{ squares: Square[]; next: number }> {
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
