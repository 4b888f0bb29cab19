import type { Checkpoint } from "../io/checkpoint.ts";
import { unfit } from "../tensor/describe.ts";
import { record, text } from "../tensor/options.ts";

/** Throws `ArgumentError` for what is no open checkpoint; `action` completes "Cannot …". */
export function checkCheckpoint(value: Checkpoint, action: string): void {
  const { name, metadata, tensors, read } = (value ?? {}) as Partial<Checkpoint>;
  if (text.fits(name) && record.fits(metadata) && tensors instanceof Map && typeof read === "function") {
    return;
  }
  throw unfit(`Cannot ${action}: checkpoint`, "a checkpoint that openCheckpoint gave", value);
}
