import { concat, utf8 } from "../support.ts";

/** A file of a zip, and the lies told of it. */
export interface ZipFile {
  readonly name: string;
  readonly data: Uint8Array;
  /** The name in the local header. */
  readonly localName?: string;
  readonly localExtra?: Uint8Array;
  readonly localMethod?: number;
  readonly method?: number;
  readonly flags?: number;
  readonly localFlags?: number;
  /** What the directory says: sizes, and where the local header is. */
  readonly stored?: number;
  readonly whole?: number;
  readonly offset?: number;
  readonly extra?: Uint8Array;
  readonly comment?: Uint8Array;
  /** Bytes before the local header. */
  readonly gap?: Uint8Array;
  /** A data descriptor behind the data; `true` for a right one. */
  readonly descriptor?: true | Uint8Array;
}

/** What the records at the end say other than the truth. */
export interface ZipEnd {
  readonly count?: number;
  readonly bytes?: number;
  readonly start?: number;
  readonly comment?: Uint8Array;
  /** A zip64 record, right unless overridden. */
  readonly zip64?: { count?: number; bytes?: number; start?: number; at?: number };
  /** Bytes behind everything. */
  readonly behind?: Uint8Array;
  /** Bytes between the directory and the end records. */
  readonly between?: Uint8Array;
}

/** Fields of 2, 4 or 8 bytes, little-endian. */
export function fields(
  ...values: readonly (readonly [width: 2 | 4 | 8, value: number])[]
): Uint8Array<ArrayBuffer> {
  return concat(values.map(([width, value]) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    return bytes.subarray(0, width);
  }));
}

/** A zip of stored files, its checksums zero. */
export function zip(files: readonly ZipFile[], end: ZipEnd = {}): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  let at = 0;
  const put = (bytes: Uint8Array) => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const file of files) {
    put(file.gap ?? new Uint8Array());
    const offset = file.offset ?? at;
    const { length } = file.data;
    const flags = file.flags ?? (file.descriptor ? 0x808 : 0x800);
    const sizes = flags & 8 ? 0 : length;
    const localName = utf8(file.localName ?? file.name), name = utf8(file.name);
    const localExtra = file.localExtra ?? new Uint8Array(), extra = file.extra ?? new Uint8Array();
    const comment = file.comment ?? new Uint8Array();
    put(
      fields([4, 0x04034b50], [2, 0], [2, file.localFlags ?? flags], [
        2,
        file.localMethod ?? file.method ?? 0,
      ]),
    );
    put(fields([4, 0], [4, 0], [4, sizes], [4, sizes], [2, localName.length], [2, localExtra.length]));
    put(localName);
    put(localExtra);
    put(file.data);
    if (file.descriptor) {
      put(
        file.descriptor === true
          ? fields([4, 0x08074b50], [4, 0], [4, length], [4, length])
          : file.descriptor,
      );
    }
    directory.push(
      fields([4, 0x02014b50], [2, 0], [2, 0], [2, flags], [2, file.method ?? 0], [4, 0], [4, 0]),
      fields([4, file.stored ?? length], [4, file.whole ?? length], [2, name.length], [2, extra.length]),
      fields([2, comment.length], [2, 0], [2, 0], [4, 0], [4, offset]),
      name,
      extra,
      comment,
    );
  }
  const start = at;
  directory.forEach(put);
  const truth = { count: files.length, bytes: at - start, start };
  put(end.between ?? new Uint8Array());
  if (end.zip64) {
    const said = { ...truth, at, ...end.zip64 };
    put(fields([4, 0x06064b50], [8, 44], [2, 0], [2, 0], [4, 0], [4, 0], [8, said.count], [8, said.count]));
    put(fields([8, said.bytes], [8, said.start], [4, 0x07064b50], [4, 0], [8, said.at], [4, 1]));
  }
  const said = { ...truth, ...end };
  const comment = end.comment ?? new Uint8Array();
  put(fields([4, 0x06054b50], [4, 0], [2, said.count], [2, said.count], [4, said.bytes], [4, said.start]));
  put(fields([2, comment.length]));
  put(comment);
  put(end.behind ?? new Uint8Array());
  return concat(parts);
}

/** A torch file of the given pickle and storages, by key. */
export function torchZip(
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  end?: ZipEnd,
): Uint8Array<ArrayBuffer> {
  const data = Object.entries(storages).map(([key, data]) => ({ name: `a/data/${key}`, data }));
  return zip([{ name: "a/data.pkl", data: pickle }, ...data], end);
}
