import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";

/** Throws a `CheckpointError` for a part of a zip file. */
export function refuse(source: Pick<ByteSource, "name">, what: string, expected: string, got: string): never {
  throw new CheckpointError(`Cannot read ${source.name}: ${what}`, { expected, got });
}
