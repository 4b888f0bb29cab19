import { CheckpointError } from "../tensor/errors.ts";

/** The value in the text of a model's JSON file. Throws `CheckpointError` naming the file where it is no JSON. */
export function parseJsonFile(text: string, { file }: { file: string }): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`Cannot read ${file}`, { expected: "JSON", got: "other text", cause });
  }
}
