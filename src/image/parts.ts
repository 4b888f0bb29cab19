import { ImageError } from "../tensor/errors.ts";

/** Parts that any file may have, and bytes of a file for each further one. */
const free = 2 ** 14, bytesForMore = 2 ** 10;

/**
 * The parts of an image file, such as its chunks. A file of millions of empty ones takes seconds to walk through, and no program
 * writes it: throws `ImageError` for more than 16,384 and one for each KiB; `name` is that of the format.
 */
export function* boundedParts<Part>(
  parts: Iterable<Part>,
  { bytes, name, part }: { bytes: number; name: string; part: string },
): Generator<Part, void, undefined> {
  const most = free + Math.floor(bytes / bytesForMore);
  let count = 0;
  for (const one of parts) {
    if (++count > most) {
      throw new ImageError(`Cannot read the ${name} image`, {
        expected: `at most ${most} ${part} in ${bytes} bytes`,
        got: "more",
        hint: "save it again by another program",
      });
    }
    yield one;
  }
}
