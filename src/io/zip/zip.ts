import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import { windowed } from "../windowed.ts";
import { readDirectory, type ZipEntry } from "./directory.ts";

/** The position of a file in a zip. */
export interface ZipMember {
  readonly offset: number;
  readonly bytes: number;
}

type Near = Pick<ByteSource, "name" | "read">;

const localSignature = 0x04034b50;
const descriptorSignature = 0x08074b50;
const localBytes = 30;
/** Lengths of a data descriptor: signature, checksum, and both sizes in 4 or 8 bytes each. */
const descriptorBytes = [16, 24];

/**
 * Finds the files of an uncompressed zip by reading the central directory and each local header.
 *
 * Throws `CheckpointError` unless the local headers agree with the directory and the files tile the zip from its
 * first byte to the directory, so that all readers see the same contents.
 */
export async function readZip(source: ByteSource): Promise<Map<string, ZipMember>> {
  const { entries, start } = await readDirectory(source);
  const near = windowed(source);
  const inOrder = [...entries.values()].sort((a, b) => a.offset - b.offset);
  const members = new Map<string, ZipMember>();
  let end = 0;
  for (const [i, entry] of inOrder.entries()) {
    if (entry.offset !== end) refuse(source, entry, `to begin at byte ${end}`, `${entry.offset}`);
    const next = inOrder[i + 1]?.offset ?? start;
    const offset = await checkLocalHeader(near, entry, next);
    end = offset + entry.bytes;
    if (entry.hasDescriptor && next !== end) end += await checkDescriptor(near, entry, { at: end, next });
    members.set(entry.name, { offset, bytes: entry.bytes });
  }
  if (end !== start) {
    throw new CheckpointError(`Cannot read ${source.name}`, {
      expected: `a zip directory at byte ${end}, after the last file`,
      got: `one at ${start}`,
    });
  }
  return members;
}

/** Checks a local header against the directory and returns the offset of its data. */
async function checkLocalHeader(source: Near, entry: ZipEntry, next: number): Promise<number> {
  const name = new TextEncoder().encode(entry.name);
  if (entry.offset + localBytes + name.length > next) {
    refuse(source, entry, "a local header", `${next - entry.offset} bytes before what follows`);
  }
  const bytes = await source.read(entry.offset, localBytes + name.length);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== localSignature) refuse(source, entry, "a local header", "other bytes");
  const nameLength = view.getUint16(26, true);
  if (nameLength !== name.length || bytes.subarray(localBytes).some((byte, i) => byte !== name[i])) {
    refuse(source, entry, "the same name in its local header", "another");
  }
  if (view.getUint16(6, true) !== entry.flags || view.getUint16(8, true) !== entry.method) {
    refuse(source, entry, "the same flags and method in its local header", "others");
  }
  for (const [at, field] of [[14, "crc"], [18, "bytes"], [22, "bytesWhole"]] as const) {
    const value = view.getUint32(at, true);
    // Left for the descriptor behind the data, or for the zip64 field.
    const deferred = entry.hasDescriptor && value === 0 || field !== "crc" && value === 0xffffffff;
    if (!deferred && value !== entry[field]) {
      refuse(source, entry, `${field} ${entry[field]} in its local header`, `${value}`);
    }
  }
  const offset = entry.offset + localBytes + nameLength + view.getUint16(28, true);
  if (offset + entry.bytes > next) {
    refuse(source, entry, `${entry.bytes} bytes`, `${Math.max(0, next - offset)} before what follows`);
  }
  return offset;
}

/** Checks the descriptor after the data against the directory and returns its length. */
async function checkDescriptor(
  source: Near,
  entry: ZipEntry,
  { at, next }: { at: number; next: number },
): Promise<number> {
  const length = next - at;
  if (!descriptorBytes.includes(length)) {
    refuse(source, entry, "a data descriptor of 16 or 24 bytes behind its data", `${length} bytes`);
  }
  const view = viewOf(await source.read(at, length));
  const sizes = length === 16
    ? [view.getUint32(8, true), view.getUint32(12, true)]
    : [Number(view.getBigUint64(8, true)), Number(view.getBigUint64(16, true))];
  const expected = [entry.bytes, entry.bytesWhole];
  const agrees = view.getUint32(0, true) === descriptorSignature && view.getUint32(4, true) === entry.crc &&
    sizes.every((size, i) => size === expected[i]);
  if (!agrees) refuse(source, entry, "the directory's checksum and size in its data descriptor", "others");
  return length;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function refuse(source: Pick<ByteSource, "name">, entry: ZipEntry, expected: string, got: string): never {
  throw new CheckpointError(`Cannot read ${source.name}: file ${entry.name} of the zip`, { expected, got });
}
