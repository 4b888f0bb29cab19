import { type DType, dtypeBytes } from "../tensor/dtype.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";

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

/** The longest header that is read. */
export const maxHeaderBytes = 100_000_000;

const dtypes: Readonly<Record<string, DType>> = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  I64: "i64",
  I32: "i32",
  I16: "i16",
  I8: "i8",
  U32: "u32",
  U16: "u16",
  U8: "u8",
  BOOL: "bool",
};

/** Element types by their name in safetensors, the other way round. */
export const dtypeNames: Readonly<Record<DType, string>> = Object.fromEntries(
  Object.entries(dtypes).map(([name, dtype]) => [dtype, name]),
) as Record<DType, string>;

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

  const metadata: Record<string, string> = {};
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (!isRecord(value)) return refuse(`key ${name}`, "an object", typeof value);
    if (name === "__metadata__") {
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== "string") return refuse(`metadata ${key}`, "a string", typeof text);
        metadata[key] = text;
      }
      continue;
    }
    const dtype = typeof value.dtype === "string" ? dtypes[value.dtype] : undefined;
    if (!dtype) return refuse(`the dtype of ${name}`, Object.keys(dtypes).join(", "), String(value.dtype));
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
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])) };
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
  // Strings, with the colon that makes them keys, and the braces outside of strings.
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g)) {
    if (token === "{") objects.push(new Set());
    else if (token === "}") objects.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(string!) as string;
      const keys = objects.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
}
