import { unfit } from "../tensor/describe.ts";
import type { ModelSource } from "./find.ts";

/** Whether `value` may be the source of a model. */
export function isSource(value: unknown): value is ModelSource {
  return typeof value === "string" && value !== "" || value instanceof URL || value instanceof Blob ||
    value instanceof Uint8Array || value instanceof ArrayBuffer;
}

/** Throws `ArgumentError` for what is no source of a model; `action` completes "Cannot …". */
export function checkSource(source: unknown, action: string): void {
  if (isSource(source)) return;
  throw unfit(`Cannot ${action}: source`, "a path, a URL, a name, a Blob or bytes", source);
}
