import { CheckpointError } from "../tensor/errors.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { ByteSource } from "./byte_source.ts";

/** The header of a `.npy` file. */
export interface NpyHeader {
  /** The element type as NumPy writes it, such as `|u1`. */
  readonly descriptor: string;
  readonly shape: Shape;
  /** Where the elements begin in the file. */
  readonly offset: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** A limit on the length of the header, which has two bytes in version 1 and four in later versions. */
const maxHeaderBytes = 65536;

/**
 * Reads the header of a `.npy` file of `bytes` bytes at `offset` in `source`, without reading the elements.
 * Throws `CheckpointError` if it is damaged, in Fortran order, or its elements do not fill the file.
 */
export async function readNpyHeader(
  source: ByteSource,
  { offset, bytes, place }: { offset: number; bytes: number; place: string },
): Promise<NpyHeader> {
  const refuse = (expected: string, got: string): never => {
    throw new CheckpointError(`Cannot read ${place}`, { expected, got });
  };
  const head = await source.read(offset, Math.min(bytes, 12)), view = new DataView(head.buffer);
  if (head.length < 12 || magic.some((byte, i) => head[i] !== byte)) {
    return refuse("an .npy file", "other bytes");
  }
  const start = head[6] === 1 ? 10 : 12;
  const length = start === 10 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeaderBytes || start + length > bytes) {
    return refuse("a header within the file", `${length} bytes of header`);
  }
  const text = new TextDecoder().decode(await source.read(offset + start, length));
  const descriptor = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const tuple = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (descriptor === undefined || tuple === undefined) {
    return refuse("an array of numbers", text.slice(0, 80));
  }
  const shape = tuple.split(",").filter((part) => part.trim() !== "").map(Number);
  if (/'fortran_order':\s*True/.test(text) && shape.length > 1) refuse("C order", "Fortran order");
  const width = Number(/\d+$/.exec(descriptor)?.[0] ?? NaN);
  if (sizeOf(shape) * width !== bytes - start - length) {
    refuse(`elements for ${descriptor} (${shape.join(", ")})`, `${bytes - start - length} bytes`);
  }
  return { descriptor, shape, offset: offset + start + length };
}
