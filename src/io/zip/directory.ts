import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";

/** A file as the central directory of a zip describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly crc: number;
  /** Length of the stored data. */
  readonly bytes: number;
  /** Where its local header begins. */
  readonly offset: number;
  /** Whether its local header leaves checksum and sizes to a descriptor behind the data. */
  readonly hasDescriptor: boolean;
}

/** The longest central directory that is read, and the most files in it. */
export const maxDirectoryBytes: number = 8 * 2 ** 20;
export const maxZipEntries = 20_000;

const endSignature = 0x06054b50, endBytes = 22;
const locatorSignature = 0x07064b50, locatorBytes = 20;
const end64Signature = 0x06064b50, end64Bytes = 56;
const entrySignature = 0x02014b50, entryBytes = 46;
const flagDescriptor = 0x0008, flagUtf8 = 0x0800;

/**
 * Reads the central directory of a zip: its files by name, and where it starts.
 *
 * Throws `CheckpointError` for whatever a checkpoint never has: comments, several disks, encryption, compression,
 * two files of one name, zip64 fields that disagree with the plain ones, bytes before, between or behind.
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
    if (method !== 0) {
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
    if (bytesStored !== bytesWhole) refuse(source, name, `${bytesWhole} bytes`, `${bytesStored} stored`);
    if (disk !== 0 || commentLength !== 0) {
      refuse(source, name, "a plain file", "one on another disk, or a comment");
    }
    if (entries.has(name)) refuse(source, name, "one file of this name", "two");
    entries.set(name, {
      name,
      flags,
      crc: view.getUint32(at + 16, true),
      bytes: bytesStored,
      offset,
      hasDescriptor: (flags & flagDescriptor) !== 0,
    });
    at = extraAt + extraLength + commentLength;
  }
  if (at !== bytes) refuse(source, "the zip directory", `${at} bytes`, `${bytes}`);
  return { entries, start };
}

/** Where the directory is and how many files it has, from the records at the end of the zip. */
async function readEnd(source: ByteSource): Promise<{ count: number; bytes: number; start: number }> {
  const what = "the zip's end";
  const tailBytes = Math.min(source.size, end64Bytes + locatorBytes + endBytes);
  const tail = new DataView((await source.read(source.size - tailBytes, tailBytes)).buffer);
  const at = tailBytes - endBytes;
  if (at < 0 || tail.getUint32(at, true) !== endSignature) {
    throw new CheckpointError(`Cannot read ${source.name}`, {
      expected: "the directory of the zip at the end of the file",
      got: "other bytes",
      hint: "the file is cut off or has bytes appended; fetch it again",
    });
  }
  const plain = {
    count: tail.getUint16(at + 10, true),
    bytes: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  };
  const oneDisk = tail.getUint32(at + 4, true) === 0 && tail.getUint16(at + 8, true) === plain.count;
  if (!oneDisk || tail.getUint16(at + 20, true) !== 0) {
    refuse(source, what, "one disk and no comment", "others");
  }

  const hasZip64 = at >= locatorBytes && tail.getUint32(at - locatorBytes, true) === locatorSignature;
  const end = hasZip64 ? readEnd64(source, tail, at) : { ...plain, at: source.size - endBytes };
  const deferred = { count: 0xffff, bytes: 0xffffffff, start: 0xffffffff };
  for (const field of ["count", "bytes", "start"] as const) {
    const differs = plain[field] !== end[field] && plain[field] !== deferred[field];
    if (differs) refuse(source, what, `${field} ${plain[field]} in its zip64 record`, `${end[field]}`);
  }
  if (end.start + end.bytes !== end.at) {
    refuse(source, what, `the directory to end at byte ${end.at}`, `${end.start} + ${end.bytes} bytes`);
  }
  if (end.bytes > maxDirectoryBytes) {
    refuse(source, "the zip directory", `at most ${maxDirectoryBytes} bytes`, `${end.bytes}`);
  }
  if (end.count > maxZipEntries) {
    refuse(source, "the zip directory", `at most ${maxZipEntries} files`, `${end.count}`);
  }
  return end;
}

/** The zip64 record, which must stand right before its locator, and that right before the end record at `at`. */
function readEnd64(
  source: ByteSource,
  tail: DataView,
  at: number,
): { count: number; bytes: number; start: number; at: number } {
  const what = "the zip64 record";
  const locator = at - locatorBytes, record = locator - end64Bytes;
  if (record < 0) refuse(source, what, `${end64Bytes} bytes`, "a shorter file");
  const count = tail.getBigUint64(record + 32, true);
  const fits = tail.getUint32(record, true) === end64Signature &&
    tail.getBigUint64(record + 4, true) === BigInt(end64Bytes - 12) &&
    tail.getBigUint64(record + 16, true) === 0n &&
    tail.getBigUint64(record + 24, true) === count &&
    tail.getUint32(locator + 4, true) === 0 &&
    tail.getUint32(locator + 16, true) === 1;
  const position = source.size - tail.byteLength + record;
  if (!fits || tail.getBigUint64(locator + 8, true) !== BigInt(position)) {
    refuse(source, what, "it right before its locator, on one disk", "other bytes");
  }
  return {
    count: Number(count),
    bytes: Number(tail.getBigUint64(record + 40, true)),
    start: Number(tail.getBigUint64(record + 48, true)),
    at: position,
  };
}

/** Replaces each all-ones value by the next of the zip64 extra field, which must hold just those. */
function zip64Fields(
  extra: DataView,
  values: readonly number[],
  refuseField: (expected: string, got: string) => never,
): number[] {
  let wide: DataView | undefined;
  let at = 0;
  while (at < extra.byteLength) {
    const length = at + 4 <= extra.byteLength ? extra.getUint16(at + 2, true) : Infinity;
    if (at + 4 + length > extra.byteLength) refuseField("extra fields that fit their length", "others");
    if (extra.getUint16(at, true) === 1) {
      if (wide) refuseField("one zip64 field", "two");
      wide = new DataView(extra.buffer, extra.byteOffset + at + 4, length);
    }
    at += 4 + length;
  }
  const deferred = values.filter((value) => value === 0xffffffff).length;
  if ((wide?.byteLength ?? 0) !== 8 * deferred) {
    refuseField(`a zip64 field of ${8 * deferred} bytes`, `${wide?.byteLength ?? 0}`);
  }
  let next = 0;
  return values.map((value) => {
    if (value !== 0xffffffff) return value;
    const whole = Number(wide!.getBigUint64(next, true));
    next += 8;
    if (!Number.isSafeInteger(whole)) refuseField("lengths below 2^53", `${whole}`);
    return whole;
  });
}

function refuse(source: ByteSource, what: string, expected: string, got: string): never {
  throw new CheckpointError(`Cannot read ${source.name}: ${what}`, { expected, got });
}
