import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import { refuse } from "./refuse.ts";

/** Limits on the bytes of a central directory and the files in it. */
export const maxDirectoryBytes: number = 8 * 2 ** 20;
export const maxZipEntries = 20_000;

const endSignature = 0x06054b50, endBytes = 22;
const locatorSignature = 0x07064b50, locatorBytes = 20;
const end64Signature = 0x06064b50, end64Bytes = 56;
/** What may follow the end record: a comment of at most 65,535 bytes, and what was appended, together. */
const maxBehindBytes = 0xffff;

/**
 * Reads the position of the directory and the number of its files from the records at the end of a zip file. As in torch's and
 * Python's readers the last end record counts, whatever follows it and calls itself a comment or not.
 */
export async function readEnd(source: ByteSource): Promise<{ count: number; bytes: number; start: number }> {
  const what = "the zip's end";
  const { tail, at } = await findEnd(source);
  const plain = {
    count: tail.getUint16(at + 10, true),
    bytes: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  };
  if (tail.getUint32(at + 4, true) !== 0 || tail.getUint16(at + 8, true) !== plain.count) {
    refuse(source, what, "one disk", "others");
  }

  const hasZip64 = at >= locatorBytes && tail.getUint32(at - locatorBytes, true) === locatorSignature;
  const end = hasZip64 ? readEnd64(source, tail, at) : { ...plain, at: source.size - tail.byteLength + at };
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

/** Finds the last end record: in most files the last bytes, which are looked at first. */
async function findEnd(source: ByteSource): Promise<{ tail: DataView; at: number }> {
  for (const behind of [0, maxBehindBytes]) {
    const bytes = Math.min(source.size, end64Bytes + locatorBytes + endBytes + behind);
    const tail = new DataView((await source.read(source.size - bytes, bytes)).buffer);
    for (let at = bytes - endBytes; at >= Math.max(0, bytes - endBytes - behind); at--) {
      if (tail.getUint32(at, true) === endSignature) return { tail, at };
    }
  }
  throw new CheckpointError(`Cannot read ${source.name}`, {
    expected: `the directory of the zip, and at most ${maxBehindBytes} bytes behind it`,
    got: "other bytes",
    hint: "the file is truncated or has extra bytes at the end; fetch it again",
  });
}

/** Reads the zip64 record, which must be directly before its locator, which must be directly before the end record. */
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
