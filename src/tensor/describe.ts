import { ArgumentError } from "./errors.ts";

/** The longest text and the longest list that are shown as they are. */
const shownText = 60, shownItems = 8;

/** Any value as messages show it: `"text"`, `5`, `[1,2]`, `a list of 30`, `a promise`. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") {
    return JSON.stringify(value.length > shownText ? `${value.slice(0, shownText)}…` : value);
  }
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (isPromise(value)) return "a promise";
  if (Array.isArray(value)) {
    const isShort = value.length <= shownItems && value.every((item) => typeof item === "number");
    return isShort ? `[${value.join(",")}]` : `a list of ${value.length}`;
  }
  const { dtype, shape, width, height, data } = value as Record<string, unknown>;
  if (typeof dtype === "string" && Array.isArray(shape)) return `a tensor ${dtype} ${describe(shape)}`;
  if (typeof width === "number" && typeof height === "number" && data) {
    return `an image of ${width}×${height}`;
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value)) return `a ${kind} of ${value.byteLength} bytes`;
  const fields = Object.keys(value).slice(0, shownItems);
  if (kind !== "Object") return `a value of the type ${kind}`;
  return fields.length > 0 ? `an object with ${fields.join(", ").slice(0, shownText)}` : "an empty object";
}

/** The error for a value that is not what `subject` needs. */
export function unfit(subject: string, expected: string, value: unknown, hint?: string): ArgumentError {
  const await_ = isPromise(value) ? "put await before it" : undefined;
  return new ArgumentError(subject, { expected, got: describe(value), hint: await_ ?? hint });
}

function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}
