import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";

/** Throws a `CheckpointError` for a torch file. */
export function refuse(source: Pick<ByteSource, "name">, expected: string, got: string): never {
  throw new CheckpointError(`Cannot read ${source.name}`, { expected, got });
}
