import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import { readEnd } from "./directory_end.ts";
import { refuse } from "./refuse.ts";
import { zip64Fields } from "./zip64_fields.ts";

/** An entry of the central directory of a zip file. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly crc: number;
  /** Length of the stored data. */
  readonly bytes: number;
  /** Bytes before compression, and its method: 0, or 8 for what is never read. */
  readonly bytesWhole: number;
  readonly method: number;
  /** Where its local header begins. */
  readonly offset: number;
  /** Whether checksum and sizes are in a descriptor after the data instead of the local header. */
  readonly hasDescriptor: boolean;
}

const entrySignature = 0x02014b50, entryBytes = 46;
const flagDescriptor = 0x0008, flagUtf8 = 0x0800;

/** Files of TorchScript's code, which are compressed and never read. */
const codeFile = /^[^/]+\/code\//;

/**
 * Reads the central directory of a zip file: its files by name, and where it starts.
 *
 * Throws `CheckpointError` for features that checkpoints do not use: several disks, encryption, compression, duplicate names,
 * contradictory zip64 fields, and bytes between the directory and the end.
 */
export async function readDirectory(
  source: ByteSource,
): Promise<{ entries: Map<string, ZipEntry>; start: number }> {
  const { count, bytes, start } = await readEnd(source);
  const data = await source.read(start, bytes);
  const view = new DataView(data.buffer);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const what = `entry ${i} of the zip directory`;
    if (at + entryBytes > bytes || view.getUint32(at, true) !== entrySignature) {
      refuse(source, what, "an entry", "other bytes");
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true)
    ) as [number, number, number];
    const extraAt = at + entryBytes + nameLength;
    if (extraAt + extraLength + commentLength > bytes) {
      refuse(source, what, "to end within it", "a longer one");
    }
    let name: string;
    try {
      name = decoder.decode(data.subarray(at + entryBytes, extraAt));
    } catch (cause) {
      throw new CheckpointError(`Cannot read ${source.name}: ${what}`, {
        expected: "a name in UTF-8",
        got: "other bytes",
        cause,
      });
    }
    const flags = view.getUint16(at + 8, true);
    if (flags & ~(flagDescriptor | flagUtf8)) {
      refuse(source, name, "a plain file", `flags 0x${flags.toString(16)}`);
    }
    const method = view.getUint16(at + 10, true);
    const isCode = method === 8 && codeFile.test(name);
    if (method !== 0 && !isCode) {
      throw new CheckpointError(`Cannot read ${source.name}: ${name}`, {
        expected: "a stored file",
        got: `compression method ${method}`,
        hint: "the file was zipped again; unpack it, or save it again with torch.save",
      });
    }
    const [bytesWhole, bytesStored, offset] = zip64Fields(
      new DataView(data.buffer, extraAt, extraLength),
      [24, 20, 42].map((field) => view.getUint32(at + field, true)),
      (expected, got) => refuse(source, name, expected, got),
    ) as [number, number, number];
    const disk = view.getUint16(at + 34, true);
    if (bytesStored !== bytesWhole && !isCode) {
      refuse(source, name, `${bytesWhole} bytes`, `${bytesStored} stored`);
    }
    if (disk !== 0) refuse(source, name, "a plain file", "one on another disk");
    if (entries.has(name)) refuse(source, name, "one file of this name", "two");
    entries.set(name, {
      name,
      flags,
      crc: view.getUint32(at + 16, true),
      bytes: bytesStored,
      bytesWhole,
      method,
      offset,
      hasDescriptor: (flags & flagDescriptor) !== 0,
    });
    at = extraAt + extraLength + commentLength;
  }
  if (at !== bytes) refuse(source, "the zip directory", `${at} bytes`, `${bytes}`);
  return { entries, start };
}
