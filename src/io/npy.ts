import type { Shape } from "../tensor/shape.ts";
import { type NpyData, npyTypes, parseNpyHeader } from "./npy_header.ts";

/** An array in a NumPy file, row-major. */
export interface NpyArray {
  readonly shape: Shape;
  readonly data: NpyData;
}

/** Reads a `.npy` file; `place` names it in errors. Throws `CheckpointError` as `parseNpyHeader` does. */
export function readNpy(bytes: Uint8Array, place: string): NpyArray {
  const { descriptor, shape, offset } = parseNpyHeader(bytes, { bytes: bytes.length, place });
  // The elements are copied, because they may begin anywhere and arrays only at multiples of their width.
  return { shape, data: new (npyTypes.get(descriptor)!)(new Uint8Array(bytes.subarray(offset)).buffer) };
}

/** The bytes of a `.npy` file, as `numpy.save` writes it. */
export function writeNpy({ shape, data }: NpyArray): Uint8Array<ArrayBuffer> {
  const [descriptor] = [...npyTypes].find(([, type]) => data instanceof type)!;
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
