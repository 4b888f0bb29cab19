import { type DType, dtypeBytes } from "../../tensor/dtype.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import { formatShape, isShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import { duplicateKey, hasMoreTokens } from "./json_checks.ts";

/** A tensor of a file: its type, its shape, and the position of its bytes in the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly offset: number;
  readonly bytes: number;
}

/** The header of a safetensors file. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Limits on the bytes of a header and on its brackets, quotes and commas, enough for about 100,000 tensors. */
export const maxHeaderBytes = 100_000_000, maxHeaderTokens = 2_000_000;

/** The names of the element types in safetensors. */
export const dtypeNames: Readonly<Record<DType, string>> = {
  f64: "F64",
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  f8_e4m3: "F8_E4M3",
  f8_e5m2: "F8_E5M2",
  i64: "I64",
  i32: "I32",
  i16: "I16",
  i8: "I8",
  u32: "U32",
  u16: "U16",
  u8: "U8",
  bool: "BOOL",
};

// A map, because an object would also contain the names of Object.prototype.
const dtypes: ReadonlyMap<string, DType> = new Map(
  Object.entries(dtypeNames).map(([dtype, name]) => [name, dtype as DType]),
);

/**
 * Reads the JSON of a header whose tensors start at byte `dataStart` of a file of `fileBytes` bytes, if these are known.
 *
 * Tensors of unknown types are left out.
 *
 * Throws a `CheckpointError` that names the key unless the tensors tile the rest of the file exactly: for duplicate keys,
 * shapes that do not match their bytes, gaps, overlaps, missing and trailing bytes.
 */
export function parseHeader(
  text: string,
  { file, dataStart, fileBytes }: { file: string; dataStart: number; fileBytes?: number },
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
  const entries: (Omit<TensorEntry, "dtype"> & { dtype: DType | undefined })[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__" && value === null) continue;
    if (!isRecord(value)) return refuse(`key ${name}`, "an object", value === null ? "null" : typeof value);
    if (name === "__metadata__") {
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== "string") return refuse(`metadata ${key}`, "a string", typeof text);
        metadata.push([key, text]);
      }
      continue;
    }
    if (typeof value.dtype !== "string") {
      return refuse(`the dtype of ${name}`, [...dtypes.keys()].join(", "), JSON.stringify(value.dtype));
    }
    const dtype = dtypes.get(value.dtype);
    if (!isShape(value.shape)) {
      return refuse(`the shape of ${name}`, "whole numbers", JSON.stringify(value.shape));
    }
    const [begin, end, ...more] = isShape(value.data_offsets) ? value.data_offsets : [];
    if (begin === undefined || end === undefined || more.length > 0) {
      return refuse(`data_offsets of ${name}`, "two whole numbers", JSON.stringify(value.data_offsets));
    }
    // How long elements of other types are is not known. No weight has them, so that they need only not overlap.
    const bytes = dtype ? sizeOf(value.shape) * dtypeBytes[dtype] : end - begin;
    if (!Number.isSafeInteger(bytes) || bytes < 0 || end - begin !== bytes) {
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
  if (next !== (fileBytes ?? next)) {
    throw new CheckpointError(`Cannot read ${file}: its length`, {
      expected: `${next} bytes, as its header says`,
      got: `${fileBytes}`,
      hint: next > fileBytes! ? "the file is truncated; fetch it again" : undefined,
    });
  }
  // Defined, not assigned: a key may be called __proto__.
  return {
    metadata: Object.fromEntries(metadata),
    tensors: new Map(
      entries.flatMap(({ dtype, ...entry }) => dtype ? [[entry.name, { dtype, ...entry }]] : []),
    ),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
