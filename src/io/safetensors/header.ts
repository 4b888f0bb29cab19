import { type DType, dtypeBytes } from "../../tensor/dtype.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";

/** One tensor of a file: its type, shape, and the bytes that hold it, from the start of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly offset: number;
  readonly bytes: number;
}

/** What a safetensors file says of itself. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** The longest header that is read, and the most brackets, quotes and commas in it: some 100,000 tensors. */
export const maxHeaderBytes = 100_000_000, maxHeaderTokens = 2_000_000;

/** What safetensors calls the element types. */
export const dtypeNames: Readonly<Record<DType, string>> = {
  f64: "F64",
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  i64: "I64",
  i32: "I32",
  i16: "I16",
  i8: "I8",
  u32: "U32",
  u16: "U16",
  u8: "U8",
  bool: "BOOL",
};

// A map, not an object, so that no name of Object.prototype is a type.
const dtypes: ReadonlyMap<string, DType> = new Map(
  Object.entries(dtypeNames).map(([dtype, name]) => [name, dtype as DType]),
);

/**
 * Reads the JSON of a header whose tensors start at byte `dataStart` of a file of `fileBytes`.
 *
 * Throws `CheckpointError`, naming the key, for anything but an exact tiling of the file: duplicate keys, unknown
 * types, shapes that do not fit their bytes, holes, overlaps, missing or trailing bytes.
 */
export function parseHeader(
  text: string,
  { file, dataStart, fileBytes }: { file: string; dataStart: number; fileBytes: number },
): SafetensorsHeader {
  const refuse = (what: string, expected: string, got: string): never => {
    throw new CheckpointError(`Cannot read ${file}: ${what}`, { expected, got });
  };
  if (hasMoreTokens(text, maxHeaderTokens)) {
    return refuse("its header", `at most ${maxHeaderTokens} brackets, quotes and commas`, "more");
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`Cannot read ${file}: its header`, {
      expected: "JSON",
      got: "other text",
      cause,
    });
  }
  if (!isRecord(json)) return refuse("its header", "a JSON object", typeof json);
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) return refuse(`key ${duplicate}`, "each key once", "a duplicate");

  const metadata: [string, string][] = [];
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (!isRecord(value)) return refuse(`key ${name}`, "an object", typeof value);
    if (name === "__metadata__") {
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== "string") return refuse(`metadata ${key}`, "a string", typeof text);
        metadata.push([key, text]);
      }
      continue;
    }
    const dtype = typeof value.dtype === "string" ? dtypes.get(value.dtype) : undefined;
    if (!dtype) {
      return refuse(`the dtype of ${name}`, [...dtypes.keys()].join(", "), JSON.stringify(value.dtype));
    }
    if (!isCounts(value.shape)) {
      return refuse(`the shape of ${name}`, "whole numbers", JSON.stringify(value.shape));
    }
    const [begin, end, ...more] = isCounts(value.data_offsets) ? value.data_offsets : [];
    if (begin === undefined || end === undefined || more.length > 0) {
      return refuse(`data_offsets of ${name}`, "two whole numbers", JSON.stringify(value.data_offsets));
    }
    const bytes = sizeOf(value.shape) * dtypeBytes[dtype];
    if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
      return refuse(
        `data_offsets of ${name}`,
        `${bytes} bytes for ${value.dtype} ${formatShape(value.shape)}`,
        `${end - begin}`,
      );
    }
    entries.push({ name, dtype, shape: value.shape, offset: dataStart + begin, bytes });
  }

  entries.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let next = dataStart;
  for (const { name, offset, bytes } of entries) {
    if (offset !== next) {
      refuse(`data_offsets of ${name}`, `to begin at ${next - dataStart}`, `${offset - dataStart}`);
    }
    next = offset + bytes;
  }
  if (next !== fileBytes) refuse("its length", `${next} bytes, as its header says`, `${fileBytes}`);
  // Defined, not assigned: a key may be called __proto__.
  return {
    metadata: Object.fromEntries(metadata),
    tensors: new Map(entries.map((entry) => [entry.name, entry])),
  };
}

/** Counts what `JSON.parse` takes time and memory for, whatever it means. */
function hasMoreTokens(text: string, most: number): boolean {
  let count = 0;
  for (const mark of ["{", "[", ",", '"']) {
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
      if (++count > most) return true;
    }
  }
  return false;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** The first key that an object of the (valid) JSON `text` holds twice; `JSON.parse` would keep the last silently. */
function duplicateKey(text: string): string | undefined {
  const objects: Set<string>[] = [];
  const notSpace = /[^ \t\r\n]/g;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") objects.push(new Set());
    else if (character === "}") objects.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      notSpace.lastIndex = end;
      // A string is a key where a colon follows.
      if (text[notSpace.exec(text)?.index ?? end] === ":") {
        const key = JSON.parse(text.slice(at, end)) as string;
        const keys = objects.at(-1)!;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end - 1;
    }
  }
}

/** Where the JSON string that begins at `start` is over. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
  } while (isEscaped(text, end));
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}
