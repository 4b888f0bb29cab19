import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { takeF32 } from "../convert_dtype.ts";
import { maxHeaderBytes, parseHeader, type SafetensorsHeader, type TensorEntry } from "./header.ts";

/** A safetensors file, with the position of each tensor's bytes. */
export interface SafetensorsFile extends Checkpoint {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/**
 * Opens a safetensors file: reads its header, and each tensor on demand.
 *
 * Throws `CheckpointError` unless the header is UTF-8 and its tensors tile the rest of the file.
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const { metadata, tensors } = await readHeader(source, source.size);
  return {
    name: source.name,
    format: "safetensors",
    metadata,
    tensors,
    async read(name) {
      const entry = tensors.get(name);
      if (!entry) {
        throw new CheckpointError(`Cannot read ${source.name}`, {
          expected: `a tensor ${name}`,
          got: "none of this name",
        });
      }
      return takeF32(await source.read(entry.offset, entry.bytes), entry.dtype);
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** Reads the header of a file, of `size` bytes if these are known. Throws as `openSafetensors` does. */
export async function readHeader(
  source: Pick<ByteSource, "name" | "read">,
  size: number = Infinity,
): Promise<SafetensorsHeader> {
  const length = size < 8
    ? NaN
    : Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
  if (!(length <= Math.min(maxHeaderBytes, size - 8))) {
    throw new CheckpointError(`Cannot read ${source.name}: its header`, {
      expected: `at most ${Math.min(maxHeaderBytes, Math.max(0, size - 8))} bytes`,
      got: `${length}`,
      hint: length <= maxHeaderBytes ? "the file is truncated; fetch it again" : undefined,
    });
  }
  let text: string;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    text = decoder.decode(await source.read(8, length));
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    throw new CheckpointError(`Cannot read ${source.name}: its header`, {
      expected: "text in UTF-8",
      got: "other bytes",
      cause,
    });
  }
  const fileBytes = size === Infinity ? undefined : size;
  return parseHeader(text, { file: source.name, dataStart: 8 + length, fileBytes });
}
