import type { Checkpoint } from "../io/checkpoint.ts";
import { unfit } from "../tensor/describe.ts";
import { record, text } from "../tensor/options.ts";
import { isShape } from "../tensor/shape.ts";

/** Throws `ArgumentError` for what is no open checkpoint; `action` completes "Cannot …". */
export function checkCheckpoint(value: Checkpoint, action: string): void {
  const { name, metadata, tensors, read } = (value ?? {}) as Partial<Checkpoint>;
  const isFile = text.fits(name) && record.fits(metadata) && typeof read === "function";
  if (isFile && tensors instanceof Map && [...tensors].every(isStored)) return;
  throw unfit(`Cannot ${action}: checkpoint`, "a checkpoint that openCheckpoint gave", value);
}

function isStored([name, tensor]: [unknown, unknown]): boolean {
  return text.fits(name) && record.fits(tensor) && isShape((tensor as { shape?: unknown }).shape);
}
