import { parseJsonFile } from "../io/json_file.ts";
import { samplingFile } from "../models/model_files.ts";
import type { GenerativeFiles } from "../models/open_generative.ts";
import { ArgumentError, CheckpointError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import {
  defaultSampling,
  samplingKinds,
  type SamplingOptions,
  type SamplingSettings,
  samplingSettings,
} from "./settings.ts";

const { greedy: _greedy, ...kinds } = samplingKinds;

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
  const json = parseJsonFile(text, { file }) as Omit<SamplingOptions, "greedy">;
  try {
    checkOptions(json, kinds, `read ${file}`);
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    const { subject, expected, got, hint } = cause;
    throw new CheckpointError(subject, { expected, got, hint, cause });
  }
  return samplingSettings(json, defaultSampling);
}
