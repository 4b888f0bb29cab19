import { builtin } from "../io/host.ts";
import { ImageError } from "../tensor/errors.ts";

/** Bytes that a stream may have beyond the rows and still be checked to its end. */
const excess = 65536;
const slice = 4096;

/**
 * Inflates the rows of an image. Throws `ImageError` if the data is damaged, gives fewer than `rows` bytes, or has another Adler-32
 * than its content. What follows the rows is checked and left out.
 */
export async function inflateRows(data: Uint8Array, rows: number): Promise<Uint8Array> {
  const zlib = builtin("node:zlib"), inflated = zlib && inflatedBy(zlib, data, rows + excess);
  const bytes = inflated ?? await streamed(data, rows);
  if (bytes && bytes.length >= rows) return bytes.subarray(0, rows);
  throw new ImageError("Cannot decode the PNG image", {
    expected: `compressed data of ${rows} bytes of rows`,
    got: bytes ? `${bytes.length}` : "damaged data",
    hint: "the file is damaged; fetch it again",
  });
}

/** What data inflates to: `null` if it is damaged, `undefined` for more than `most` bytes. */
function inflatedBy(
  zlib: typeof import("node:zlib"),
  data: Uint8Array,
  most: number,
): Uint8Array | null | undefined {
  try {
    return zlib.inflateSync(data, { maxOutputLength: most });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? undefined : null;
  }
}

/** The rows, or `null`, in browsers, whose streams refuse what follows the data as they do a wrong sum, so that neither matters. */
async function streamed(data: Uint8Array, rows: number): Promise<Uint8Array | null> {
  const all = new Uint8Array(rows);
  let bytes = 0;
  try {
    const inflated = slices(data).pipeThrough(new DecompressionStream("deflate"));
    for await (const part of inflated) {
      if (bytes < rows) all.set(part.subarray(0, rows - bytes), bytes);
      bytes += part.length;
      if (bytes > rows + excess) break;
    }
  } catch {
    if (bytes < rows) return null;
  }
  return all.subarray(0, bytes);
}

/** Data in small parts, as each is inflated as a whole: a thousandfold, if it is made for that. */
function slices(data: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= data.length) return controller.close();
      controller.enqueue(data.slice(at, at += slice));
    },
  });
}
