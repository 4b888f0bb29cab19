import type { ByteSource } from "../io/byte_source.ts";
import { windowed } from "../io/windowed.ts";
import { DataError } from "../tensor/errors.ts";

/** A plain file in a tar. */
export interface TarMember {
  /** Path in the tar. */
  readonly name: string;
  /** Where its bytes begin. */
  readonly offset: number;
  readonly bytes: number;
}

const block = 512;
/** The longest extended header that is read: names, not data. */
const maxExtension = 2 ** 20;

/** Kinds of entries, by their type flag. Links and folders have no data of their own. */
const plain = ["0", "\0", "7"], pax = "x", gnuName = "L", sparse = "S";

const decoder = new TextDecoder();

/** What an extended header says about the entry behind it. */
interface Extension {
  path?: string;
  size?: number;
}

/**
 * Finds the plain files of an uncompressed tar (ustar, GNU or pax), by reading its headers alone, through `near` where what
 * lies beside them is read as well.
 *
 * Throws `DataError` where a header is damaged or the tar ends within a file.
 */
export async function* readTar(
  source: ByteSource,
  near: Pick<ByteSource, "read"> = windowed(source),
): AsyncGenerator<TarMember> {
  let extension: Extension = {};
  for (let at = 0; at < source.size;) {
    if (at + block > source.size) throw damaged(source, at, "a header of 512 bytes", "the end");
    const header = await near.read(at, block);
    if (header[0] === 0 && header.every((byte) => byte === 0)) return;
    if (checksum(header) !== octal(header, 148, 8)) {
      const isCompressed = at === 0 && (header[0] === 0x1f || header[0] === 0x28);
      throw damaged(source, at, "a header of a tar", isCompressed ? "a compressed file" : "other bytes");
    }
    const type = String.fromCharCode(header[156]!);
    const bytes = extension.size ?? octal(header, 124, 12);
    const offset = at + block;
    if (!Number.isSafeInteger(bytes) || bytes < 0 || offset + bytes > source.size) {
      throw damaged(source, at, `${bytes} bytes of a file`, `the end after ${source.size - offset}`);
    }
    at = offset + Math.ceil(bytes / block) * block;
    if (type === pax || type === gnuName) {
      if (bytes > maxExtension) {
        throw damaged(source, offset, `at most ${maxExtension} bytes of names`, `${bytes}`);
      }
      const data = await near.read(offset, bytes);
      extension = { ...extension, ...(type === pax ? paxRecords(data) : { path: text(data) }) };
      continue;
    }
    if (type === sparse) throw damaged(source, offset, "whole files", "a sparse one");
    const name = extension.path ?? nameOf(header);
    // A global extension (g) and the long name of a link (K) do not end the extension before them.
    if (type !== "g" && type !== "K") extension = {};
    if (plain.includes(type) && !name.endsWith("/")) yield { name, offset, bytes };
  }
}

/** The sum of a header's bytes with spaces in the place of the sum itself. */
function checksum(header: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 0 : header[i]!;
  return sum;
}

/** A number in octal digits, or, marked by its highest bit, in binary. */
function octal(header: Uint8Array, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (field[0]! & 0x80) {
    return field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0]! & 0x7f);
  }
  const digits = text(field).trim();
  return /^[0-7]*$/.test(digits) ? parseInt(digits || "0", 8) : NaN;
}

function nameOf(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  // GNU's own format has other things in the place of the prefix.
  const prefix = header[262] === 0 ? text(header.subarray(345, 500)) : "";
  return prefix ? `${prefix}/${name}` : name;
}

/** Records `length key=value\n`, the length counting the whole record. */
function paxRecords(data: Uint8Array): Extension {
  const extension: Extension = {};
  for (let at = 0; at < data.length;) {
    const [, digits = ""] = /^(\d{1,9}) /.exec(text(data.subarray(at, at + 10))) ?? [];
    if (!(Number(digits) > digits.length)) break;
    const record = text(data.subarray(at + digits.length + 1, at + Number(digits) - 1));
    const [key, value] = [record.slice(0, record.indexOf("=")), record.slice(record.indexOf("=") + 1)];
    if (key === "path") extension.path = value;
    if (key === "size") extension.size = Number(value);
    at += Number(digits);
  }
  return extension;
}

/** Text up to the first zero byte. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function damaged({ name }: ByteSource, at: number, expected: string, got: string): DataError {
  return new DataError(`Cannot read ${name} as a tar: byte ${at}`, { expected, got });
}
