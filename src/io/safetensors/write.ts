import { dtypeBytes } from "../../tensor/dtype.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { type AtomicOptions, writeAll, writeAtomic } from "../atomic.ts";
import { dtypeNames, type TensorEntry } from "./header.ts";

type TensorLayout = Pick<TensorEntry, "name" | "dtype" | "shape">;

/** A tensor to be written, whose bytes are produced on demand. */
export interface TensorToWrite extends TensorLayout {
  /** The elements, row-major and little-endian, as a whole or in pieces. */
  data(): Promise<Uint8Array> | Uint8Array | AsyncIterable<Uint8Array>;
}

/** The contents of a safetensors file, and options of writing it. */
export interface WriteSafetensorsOptions extends AtomicOptions {
  metadata?: Readonly<Record<string, string>>;
  tensors: readonly TensorToWrite[];
  signal?: AbortSignal;
  /** Called after each tensor with the bytes written so far and in total. */
  onProgress?: (progress: { loaded: number; total: number }) => void;
}

/**
 * Writes a safetensors file atomically, tensor by tensor, so that only one tensor or a piece of it is in memory. Wider
 * element types come first, so that every tensor is aligned.
 *
 * Throws `ArgumentError` for duplicate names and for data that does not match its shape, and `FileError` for errors of
 * the file system. An existing file is then kept.
 */
export async function writeSafetensors(path: string | URL, options: WriteSafetensorsOptions): Promise<void> {
  const { metadata = {}, signal, onProgress } = options;
  const tensors = [...options.tensors].sort((a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype]);
  const header = safetensorsHeader(metadata, tensors);
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  await writeAtomic(path, async (file) => {
    await writeAll(file, header);
    let written = 0;
    for (const tensor of tensors) {
      signal?.throwIfAborted();
      const data = tensor.data(), before = written;
      // The header was written, so that data of another size must be rejected.
      const write = async (piece: Uint8Array) => {
        written += piece.length;
        if (written - before > bytesOf(tensor)) throw misfit(tensor, written - before);
        await writeAll(file, piece);
      };
      if (Symbol.asyncIterator in data) { for await (const piece of data) await write(piece); }
      else await write(await data);
      if (written - before !== bytesOf(tensor)) throw misfit(tensor, written - before);
      onProgress?.({ loaded: written, total });
    }
    signal?.throwIfAborted();
  }, options);
}

function misfit(tensor: TensorToWrite, bytes: number): ArgumentError {
  return new ArgumentError(`Cannot write ${tensor.name}`, {
    expected: `${bytesOf(tensor)} bytes for ${tensor.dtype} ${formatShape(tensor.shape)}`,
    got: `${bytes}`,
  });
}

function bytesOf({ dtype, shape }: TensorLayout): number {
  return sizeOf(shape) * dtypeBytes[dtype];
}

/**
 * What a file of these tensors, in this order, begins with: the length of the header in 8 bytes, then its JSON, padded with
 * spaces to a multiple of 8. Throws `ArgumentError` for duplicate names.
 */
export function safetensorsHeader(
  metadata: Readonly<Record<string, string>>,
  tensors: readonly TensorLayout[],
): Uint8Array<ArrayBuffer> {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  const names = new Set(["__metadata__"]);
  let end = 0;
  for (const tensor of tensors) {
    if (names.has(tensor.name)) {
      throw new ArgumentError("Cannot write tensors", {
        expected: "each name once",
        got: `${tensor.name} twice`,
      });
    }
    names.add(tensor.name);
    const begin = end;
    end += bytesOf(tensor);
    entries.push([tensor.name, {
      dtype: dtypeNames[tensor.dtype],
      shape: tensor.shape,
      data_offsets: [begin, end],
    }]);
  }
  // An object would reorder names that are integers and drop __proto__, so that entries are written one by one.
  const body = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",");
  const json = new TextEncoder().encode(`{${body}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
