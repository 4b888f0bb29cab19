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

/** How a model's tokens are sampled where a request does not say it, if the model says so. */
export async function samplingOf(
  files: Pick<GenerativeFiles, "textFile">,
): Promise<SamplingSettings | undefined> {
  const said = await files.textFile(samplingFile);
  return said && parseSampling(said.text, { file: said.file });
}

/**
 * Reads the text of a sampling.json: fields of `SamplingOptions` but `greedy`, those absent as in `defaultSampling`. Throws
 * `CheckpointError` naming the field that is unknown or out of its range.
 */
export function parseSampling(text: string, { file }: { file: string }): SamplingSettings {
  const said = parseJsonFile(text, { file });
  if (typeof said !== "object" || said === null || Array.isArray(said)) {
    throw new CheckpointError(`Cannot read ${file}`, {
      expected: "an object",
      got: Array.isArray(said) ? "a list" : said === null ? "null" : typeof said,
    });
  }
  const unknown = Object.keys(said).find((field) => !fields.includes(field));
  if (unknown !== undefined) {
    throw new CheckpointError(`Cannot read ${file}`, {
      expected: `fields of ${fields.join(", ")}`,
      got: unknown.slice(0, 100),
    });
  }
  try {
    return samplingSettings(said as SamplingOptions, defaultSampling);
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new CheckpointError(`Cannot read ${file}: ${cause.message}`, { cause });
  }
}
