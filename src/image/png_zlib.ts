import { builtin } from "../io/host.ts";
import { ImageError } from "../tensor/errors.ts";

/** Bytes that a stream may have beyond the rows and still be checked to its end. */
const excess = 65536;

/**
 * Throws `ImageError` if compressed data is damaged, gives fewer than `rows` bytes, or has another Adler-32 than its content:
 * codecs check neither that nor what follows the last row. Nothing is kept of what it inflates to.
 */
export async function checkZlib(data: Uint8Array, rows: number): Promise<void> {
  const zlib = builtin("node:zlib");
  const bytes = zlib ? inflatedLength(zlib, data, rows + excess) : await streamedLength(data, rows);
  if (bytes >= rows) return;
  throw new ImageError("Cannot decode the PNG image", {
    expected: `compressed data of ${rows} bytes of rows`,
    got: bytes < 0 ? "damaged data" : `${bytes}`,
    hint: "the file is damaged; fetch it again",
  });
}

/** The length of inflated data, or −1 if it is damaged. */
function inflatedLength(zlib: typeof import("node:zlib"), data: Uint8Array, most: number): number {
  try {
    return zlib.inflateSync(data, { maxOutputLength: most }).length;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? most : -1;
  }
}

/** The same in browsers, whose streams refuse what follows the data as they do a wrong sum, so that neither matters. */
async function streamedLength(data: Uint8Array, rows: number): Promise<number> {
  let bytes = 0;
  try {
    const inflated = new Blob([data as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate"));
    for await (const part of inflated) {
      bytes += part.length;
      if (bytes > rows + excess) break;
    }
  } catch {
    return bytes >= rows ? bytes : -1;
  }
  return bytes;
}
