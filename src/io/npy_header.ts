import { CheckpointError } from "../tensor/errors.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { ByteSource } from "./byte_source.ts";

/** The elements of an array in a NumPy file. */
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** Makes the elements of an array from their bytes. */
export type NpyType = new (buffer: ArrayBuffer) => NpyData;

/** The element types as NumPy writes them: the order of bytes, kind and width. */
export const npyTypes: ReadonlyMap<string, NpyType> = new Map<string, NpyType>([
  ["|u1", Uint8Array],
  ["|i1", Int8Array],
  ["<u2", Uint16Array],
  ["<i2", Int16Array],
  ["<u4", Uint32Array],
  ["<i4", Int32Array],
  ["<u8", BigUint64Array],
  ["<i8", BigInt64Array],
  ["<f4", Float32Array],
  ["<f8", Float64Array],
]);

/** The header of a `.npy` file. */
export interface NpyHeader {
  /** The element type as NumPy writes it, such as `|u1`, a key of `npyTypes`. */
  readonly descriptor: string;
  readonly shape: Shape;
  /** Where the elements begin in the file. */
  readonly offset: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** The most bytes of a header's text, as in NumPy. */
const maxTextBytes = 10000;

/**
 * Reads the header of a `.npy` file of `bytes` bytes at `offset` in `source`, without reading the elements.
 * Throws `CheckpointError` as `parseNpyHeader` does.
 */
export async function readNpyHeader(
  source: ByteSource,
  { offset, bytes, place }: { offset: number; bytes: number; place: string },
): Promise<NpyHeader> {
  const head = await source.read(offset, Math.min(bytes, 12 + maxTextBytes));
  const header = parseNpyHeader(head, { bytes, place });
  return { ...header, offset: offset + header.offset };
}

/**
 * Finds the header at the beginning `head` of a `.npy` file of `bytes` bytes. Throws `CheckpointError`, naming `place`,
 * if it is damaged, in Fortran order, of elements that are no numbers or big-endian, or if the elements do not fill
 * the file.
 */
export function parseNpyHeader(
  head: Uint8Array,
  { bytes, place }: { bytes: number; place: string },
): NpyHeader {
  const refuse = (expected: string, got: string): never => {
    throw new CheckpointError(`Cannot read ${place}`, { expected, got });
  };
  if (head.length < 12 || magic.some((byte, i) => head[i] !== byte)) refuse("an .npy file", "other bytes");
  // The length of the text has two bytes in version 1 and four in later versions.
  const view = new DataView(head.buffer, head.byteOffset), start = head[6] === 1 ? 10 : 12;
  const length = start === 10 ? view.getUint16(8, true) : view.getUint32(8, true);
  const offset = start + length;
  if (length > maxTextBytes || offset > bytes) {
    refuse("a header within the file", `${length} bytes of header`);
  }
  const text = new TextDecoder().decode(head.subarray(start, offset));
  const entry = (pattern: RegExp) =>
    pattern.exec(text)?.[1] ?? refuse("an array of numbers", text.slice(0, 80));
  // One byte has no order, but some programs write one.
  const descriptor = entry(/'descr':\s*'([^']*)'/).replace(/^<(?=[iu]1$)/, "|");
  const order = entry(/'fortran_order':\s*(True|False)/);
  const shape = entry(/'shape':\s*\(([\d,\s]*)\)/).split(",").filter((part) => part.trim() !== "").map(
    Number,
  );
  if (!npyTypes.has(descriptor)) refuse(`numbers of type ${[...npyTypes.keys()].join(", ")}`, descriptor);
  if (order === "True" && shape.length > 1) refuse("C order", "Fortran order");
  if (!shape.every(Number.isSafeInteger) || sizeOf(shape) * Number(descriptor.at(-1)) !== bytes - offset) {
    refuse(`elements for ${descriptor} (${shape.join(", ")})`, `${bytes - offset} bytes`);
  }
  return { descriptor, shape, offset };
}
