import type { ByteSource } from "./byte_source.ts";

/** Serves short reads that are close together from one longer read. Results are views of shared memory. */
export function windowed(source: ByteSource, bytes = 16384): Pick<ByteSource, "name" | "read"> {
  let start = 0, window: Uint8Array<ArrayBuffer> = new Uint8Array();
  return {
    name: source.name,
    async read(offset, length) {
      if (offset < start || offset + length > start + window.length) {
        window = await source.read(offset, Math.max(length, Math.min(bytes, source.size - offset)));
        start = offset;
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}
