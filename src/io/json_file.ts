import { CheckpointError } from "../tensor/errors.ts";

/** Parses the text of a model's JSON file. Throws a `CheckpointError` that names the file if it is not JSON. */
export function parseJsonFile(text: string, { file }: { file: string }): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`Cannot read ${file}`, { expected: "JSON", got: "other text", cause });
  }
}
