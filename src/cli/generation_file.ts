import { files } from "../io/host.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { GenerateOptions } from "./generate_options.ts";

/** The options that a generation.json contains, apart from those of the transformer's configuration. */
const fields = [
  ...["model", "tokenizer", "weights", "class", "number", "seed"],
  ...["guidance", "schedule", "temperature", "topK", "topP", "candidates"],
] as const;

/**
 * The options, with those in the generation.json that the option `from` names. Throws `ArgumentError` if the file is
 * not a generation.json, or if there are neither classes nor a file.
 */
export async function withGenerationFile(options: GenerateOptions): Promise<GenerateOptions> {
  const { from } = options;
  if (from === undefined) {
    if (options.class) return options;
    throw new ArgumentError("Cannot generate images", { expected: "--class or --from", got: "neither" });
  }
  const request = await readJson(from);
  const { transformer, classes, guidanceSchedule } = request as {
    transformer?: { heads?: number; grid?: number };
    classes?: unknown;
    guidanceSchedule?: unknown;
  };
  const isList = classes === "all" ||
    (Array.isArray(classes) && classes.every((id) => typeof id === "number" || typeof id === "string"));
  if (!isList || typeof request.model !== "string" || typeof request.seed !== "number") {
    throw new ArgumentError(`Cannot read ${from}`, { expected: "a generation.json", got: "another file" });
  }
  const all: Record<string, unknown> = { ...request, class: classes, schedule: guidanceSchedule };
  // Files of versions without candidates do not contain this field.
  all.candidates ??= 1;
  const given = Object.fromEntries(fields.map((name) => [name, all[name]]));
  return { ...options, ...given, heads: transformer?.heads, grid: transformer?.grid } as GenerateOptions;
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await files().readFile(path, "utf8"));
  } catch (cause) {
    throw new ArgumentError(`Cannot read ${path}`, {
      expected: "a generation.json",
      got: String(cause),
      cause,
    });
  }
}
