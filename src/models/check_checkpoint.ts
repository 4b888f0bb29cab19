import type { Checkpoint } from "../io/checkpoint.ts";
import { unfit } from "../tensor/describe.ts";
import { mapOf, record, text } from "../tensor/options.ts";
import { isShape } from "../tensor/shape.ts";

/** Throws `ArgumentError` for what is no open checkpoint; `action` completes "Cannot …". */
export function checkCheckpoint(value: Checkpoint, action: string): void {
  const { name, metadata, tensors, read } = (value ?? {}) as Partial<Checkpoint>;
  const isFile = text.fits(name) && record.fits(metadata) && typeof read === "function";
  if (isFile && mapOf(isStored, "tensors by name").fits(tensors)) return;
  throw unfit(`Cannot ${action}: checkpoint`, "a checkpoint that openCheckpoint gave", value);
}

function isStored(tensor: unknown): boolean {
  return record.fits(tensor) && isShape((tensor as { shape?: unknown }).shape);
}
