import { describe, unfit } from "./describe.ts";
import { ArgumentError } from "./errors.ts";

/** Numbers in any list: an array of them, or a typed one. */
export type Numbers =
  | readonly number[]
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** The arrays that hold elements of each type. */
interface Holders {
  f32: Float32Array;
  u32: Uint32Array;
  u8: Uint8Array;
}

const holders = {
  f32: { Holder: Float32Array, values: "numbers that f32 holds exactly" },
  u32: { Holder: Uint32Array, values: "whole numbers from 0 to 2^32 − 1" },
  u8: { Holder: Uint8Array, values: "whole numbers from 0 to 255" },
} as const;

const tagOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!
  .get!;

/** The class of a typed array, also of one that another window made; nothing for what is none. */
function classOf(value: unknown): string | undefined {
  return tagOf.call(value);
}

/** Whether `value` is a list of numbers, or an array that may be one. */
export function isNumbers(value: unknown): value is Numbers {
  return Array.isArray(value) || classOf(value) !== undefined;
}

/**
 * `values` in the array that holds the type: themselves, if they are in such an array, or a copy of other numbers if none
 * changes by it. Throws `ArgumentError` for other values, and where they are not `length` many. `subject` begins the message.
 */
export function elementsOf<D extends keyof Holders>(
  dtype: D,
  values: unknown,
  { subject, length }: { subject: string; length?: number },
): Holders[D] {
  const { Holder, values: known } = holders[dtype];
  const wanted = `${length === undefined ? "" : `${length} `}${known}`;
  if (!isNumbers(values)) throw unfit(subject, `${wanted}, in a ${Holder.name} or a list`, values);
  if (length !== undefined && values.length !== length) {
    throw new ArgumentError(subject, { expected: wanted, got: `${values.length}` });
  }
  if (values instanceof Holder) return values as Holders[D];
  if (classOf(values) === Holder.name) {
    const { buffer, byteOffset } = values as Uint8Array;
    return new Holder(buffer as ArrayBuffer, byteOffset, values.length) as Holders[D];
  }
  const made = new Holder(values.length);
  for (let i = 0; i < made.length; i++) {
    const value: unknown = values[i];
    if (typeof value === "number" || typeof value === "bigint") made[i] = Number(value);
    if (isSame(made[i]!, value)) continue;
    throw new ArgumentError(subject, {
      expected: wanted,
      got: `${describe(value)} at ${i}`,
      hint: dtype === "f32" && typeof value === "number" ? "round them by Float32Array.from" : undefined,
    });
  }
  return made as Holders[D];
}

function isSame(held: number, value: unknown): boolean {
  if (typeof value === "bigint") return Number.isFinite(held) && BigInt(held) === value;
  return held === value || Number.isNaN(held) && Number.isNaN(value);
}
