import { parseJsonFile } from "../io/json_file.ts";
import { type GenerativeFiles, samplingFile } from "../models/open_generative.ts";
import { ArgumentError, CheckpointError } from "../tensor/errors.ts";
import {
  defaultSampling,
  type SamplingOptions,
  type SamplingSettings,
  samplingSettings,
} from "./settings.ts";

const fields: readonly string[] = [
  "guidance",
  "guidanceSchedule",
  "temperature",
  "topK",
  "topP",
  "candidates",
];

/** The sampling settings in a model's files, if it has some. */
export async function samplingOf(
  files: Pick<GenerativeFiles, "textFile">,
): Promise<SamplingSettings | undefined> {
  const found = await files.textFile(samplingFile);
  return found && parseSampling(found.text, { file: found.file });
}

/**
 * Reads the text of a sampling.json: fields of `SamplingOptions` except `greedy`, with the defaults of `defaultSampling`.
 * Throws `CheckpointError` naming the field that is unknown or out of its range.
 */
export function parseSampling(text: string, { file }: { file: string }): SamplingSettings {
  const json = parseJsonFile(text, { file });
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new CheckpointError(`Cannot read ${file}`, {
      expected: "an object",
      got: Array.isArray(json) ? "a list" : json === null ? "null" : typeof json,
    });
  }
  const unknown = Object.keys(json).find((field) => !fields.includes(field));
  if (unknown !== undefined) {
    throw new CheckpointError(`Cannot read ${file}`, {
      expected: `fields of ${fields.join(", ")}`,
      got: unknown.slice(0, 100),
    });
  }
  try {
    return samplingSettings(json as SamplingOptions, defaultSampling);
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new CheckpointError(`Cannot read ${file}: ${cause.message}`, { cause });
  }
}
