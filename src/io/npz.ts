import { unzipSync, zipSync } from "fflate";
import { parse } from "npyjs";
import { CheckpointError } from "../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";

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

/** An array in a NumPy file, row-major. */
export interface NpyArray {
  readonly shape: Shape;
  readonly data: NpyData;
}

/** The element types as NumPy writes them. */
const descriptors: readonly (readonly [new (length: number) => NpyData, string])[] = [
  [Uint8Array, "|u1"],
  [Int8Array, "|i1"],
  [Uint16Array, "<u2"],
  [Int16Array, "<i2"],
  [Uint32Array, "<u4"],
  [Int32Array, "<i4"],
  [BigUint64Array, "<u8"],
  [BigInt64Array, "<i8"],
  [Float32Array, "<f4"],
  [Float64Array, "<f8"],
];

/** The most bytes of all arrays of a file, which are read into memory. */
export const maxNpzBytes: number = 2 ** 30;

/** The bytes of an uncompressed `.npz` file of named arrays, as `numpy.savez` writes it. */
export function writeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array {
  const members = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]);
  // The date is fixed, so that equal arrays give equal files.
  return zipSync(Object.fromEntries(members), { level: 0, mtime: "1980-01-02" });
}

function writeNpy({ shape, data }: NpyArray): Uint8Array {
  const descriptor = descriptors.find(([type]) => data instanceof type)![1];
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version and length have ten bytes. The header is padded so that the data starts at a multiple of 64.
  const header = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11) + "\n";
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

/**
 * Reads the arrays of an `.npz` file; `file` names it in errors. Throws `CheckpointError` if the file is damaged, has
 * arrays of more than 1 GiB, or arrays whose elements are not numbers.
 */
export function readNpz(bytes: Uint8Array, { file }: { file: string }): Map<string, NpyArray> {
  let total = 0;
  let members: Record<string, Uint8Array>;
  try {
    members = unzipSync(bytes, {
      filter({ name, originalSize }) {
        total += originalSize;
        if (total > maxNpzBytes) {
          throw new CheckpointError(`Cannot read ${file}`, {
            expected: `at most ${maxNpzBytes} bytes`,
            got: `more with ${name}`,
          });
        }
        return name.endsWith(".npy");
      },
    });
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    throw new CheckpointError(`Cannot read ${file}`, {
      expected: "an .npz file",
      got: "a damaged one",
      cause,
    });
  }
  return new Map(
    Object.entries(members).map(([name, npy]) => [name.slice(0, -4), readNpy(npy, `${file}: ${name}`)]),
  );
}

/** Reads an array of an `.npz` file; `place` names it in errors. Throws `CheckpointError` as `readNpz` does. */
export function readNpy(bytes: Uint8Array, place: string): NpyArray {
  const refuse = (expected: string, got: string, cause?: unknown): never => {
    throw new CheckpointError(`Cannot read ${place}`, { expected, got, cause });
  };
  let array: ReturnType<typeof parse>;
  try {
    array = parse(bytes.slice().buffer, { convertFloat16: false });
  } catch (cause) {
    return refuse("an array of numbers", cause instanceof Error ? cause.message : String(cause), cause);
  }
  const data = array.data as NpyData;
  if (!descriptors.some(([type, name]) => data instanceof type && name.slice(1) === array.dtype)) {
    refuse("an array of numbers", array.dtype);
  }
  if (array.fortranOrder && array.shape.length > 1) refuse("C order", "Fortran order");
  const isShape = array.shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!isShape || sizeOf(array.shape) !== data.length) {
    refuse(`elements for its shape ${formatShape(array.shape)}`, `${data.length}`);
  }
  return { shape: array.shape, data };
}
