import { unzipSync, zipSync } from "fflate";
import { CheckpointError } from "../tensor/errors.ts";
import { type NpyArray, readNpy, writeNpy } from "./npy.ts";

/** The most bytes of all arrays of a file, which are read into memory. */
export const maxNpzBytes: number = 2 ** 30;

/** The bytes of an uncompressed `.npz` file of named arrays, as `numpy.savez` writes it. */
export function writeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array {
  const members = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]);
  // The date is fixed, so that equal arrays give equal files.
  return zipSync(Object.fromEntries(members), { level: 0, mtime: "1980-01-02" });
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
