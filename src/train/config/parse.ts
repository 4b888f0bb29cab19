import type * as z from "zod";
import { files, look } from "../../io/host.ts";
import { reasonOf } from "../../io/reason.ts";
import { describe } from "../../tensor/describe.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkKind, checkOptions, filePath, oneOf, required, text } from "../../tensor/options.ts";
import { readPreset } from "../presets/mod.ts";
import type { Run, TokenizerRun, TransformerRun } from "./run.ts";
import { renamed } from "./renamed.ts";
import { tokenizerRun, transformerRun } from "./schema.ts";

const stageKind = oneOf(["tokenizer", "transformer"]);
const schemas = { tokenizer: tokenizerRun, transformer: transformerRun };

/** Complete configurations by the stage that they are for. */
export interface Runs {
  /** Stage one: a tokenizer. */
  tokenizer: TokenizerRun;
  /** Stage two: a transformer. */
  transformer: TransformerRun;
}

/**
 * Checks the configuration of a stage and fills in defaults; `file` names it in errors.
 * Throws `ArgumentError` naming the field that is wrong.
 */
export function parseRun<S extends keyof Runs>(
  value: unknown,
  options: { stage: S; file?: string },
): Runs[S] {
  checkOptions(options, { stage: required(stageKind), file: text }, "read the configuration");
  const { stage, file = "the configuration" } = options;
  const old = renamed(value);
  if (old) {
    throw new ArgumentError(`Cannot train: ${old.field} of ${file}`, {
      expected: `${old.name}, as it is called now`,
      got: old.field,
      hint: "rename it in the configuration",
    });
  }
  const said = isObject(value) && !("stage" in value) ? { stage, ...value } : value;
  const { success, data, error } = (schemas[stage] as z.ZodType<Runs[S]>).safeParse(said, {
    reportInput: true,
  });
  if (success) return data;
  const [issue] = error.issues as [z.core.$ZodIssue];
  const field = [...issue.path, ...(issue.code === "unrecognized_keys" ? [issue.keys[0]] : [])].join(".");
  throw new ArgumentError(`Cannot train: ${field || "all"} of ${file}`, {
    expected: expectedBy(issue),
    got: issue.code === "unrecognized_keys" ? "an unknown one" : describe(issue.input),
  });
}

/**
 * Reads the configuration of a stage from a JSON file, or a preset by its name. `data` replaces the path of its images or
 * tokens. Throws `ArgumentError` as `parseRun` does, and if there is no such file or preset.
 */
export async function readRun<S extends keyof Runs>(
  source: string,
  stage: S,
  options: { data?: string } = {},
): Promise<Runs[S]> {
  const action = "read the configuration";
  checkOptions(options, { data: filePath }, action);
  checkKind(source, filePath, `Cannot ${action}: source`);
  checkKind(stage, stageKind, `Cannot ${action}: stage`);
  const { data } = options;
  const isName = /^[\w-]+$/.test(source) && !await look(source);
  const value = isName ? await readPreset(source) : await readJson(source);
  const parsed = parseRun(value, { stage, file: source });
  if (data === undefined) return parsed;
  const place = "tokens" in parsed.data && parsed.data.tokens !== undefined ? "tokens" : "images";
  return { ...parsed, data: { ...parsed.data, [place]: data } };
}

async function readJson(path: string): Promise<unknown> {
  let json: string;
  try {
    json = await files().readFile(path, "utf8");
  } catch (cause) {
    throw new ArgumentError(`Cannot read ${path}`, { got: reasonOf(cause), cause });
  }
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ArgumentError(`Cannot read ${path}`, { expected: "JSON", got: String(cause), cause });
  }
}

/** A configuration that an earlier version completed, with the defaults of newer fields; any other value unchanged. */
export function completed(value: unknown): unknown {
  const stage = isObject(value) && "stage" in value ? value.stage : undefined;
  if (stage !== "tokenizer" && stage !== "transformer") return value;
  return schemas[stage].safeParse(value).data ?? value;
}

/** Fields that may change when a training is resumed: none of them changes what is learned. */
const free = new Set(["backend", "threads", "intervals", "keep", "maxSkipped", "gradientCheckpointing"]);

/** The first field in which two configurations differ, except those that may, with both values. */
export function difference(
  before: Run,
  now: Run,
): { field: string; before: string; now: string } | undefined {
  const seek = (a: unknown, b: unknown, path: readonly string[]): ReturnType<typeof difference> => {
    if (JSON.stringify(a) === JSON.stringify(b)) return undefined;
    if (!isObject(a) || !isObject(b)) {
      return { field: path.join("."), before: JSON.stringify(a) ?? "none", now: JSON.stringify(b) ?? "none" };
    }
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const found = path.length === 0 && free.has(key)
        ? undefined
        : seek((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], [...path, key]);
      if (found) return found;
    }
  };
  return seek(before, now, []);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected;
    case "too_small":
      return `${issue.inclusive ? "at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "below"} ${issue.maximum}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_value":
      return issue.values.map(String).join(" or ");
    case "unrecognized_keys":
      return "a field that there is";
    default:
      return issue.message.replace(/^.*[Ee]xpected /, "").replaceAll(" | ", " or ");
  }
}
