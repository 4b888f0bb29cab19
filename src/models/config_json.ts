import { CheckpointError } from "../tensor/errors.ts";
import type { TokenizerConfig } from "../networks/magvit2/config.ts";
import { checkConfig } from "./infer_config.ts";
import { parseJsonFile } from "../io/json_file.ts";

/** The contents of a converted model's config.json. */
export interface ModelConfig {
  readonly tokenizer: TokenizerConfig;
  /** Which weights of the checkpoint the model was made from. */
  readonly weights: "ema" | "raw";
}

/** The configuration in a model's folder, and the key of the same text in the metadata of its weights. */
export const configFile = "config.json";

const modelType = "open-magvit2";

/** The text of a config.json. */
export function formatConfigJson({ tokenizer, weights }: ModelConfig): string {
  const json = {
    model_type: modelType,
    weights,
    tokenizer: {
      kind: tokenizer.kind,
      ch: tokenizer.ch,
      ch_mult: tokenizer.chMult,
      num_res_blocks: tokenizer.numResBlocks,
      z_channels: tokenizer.zChannels,
      in_channels: tokenizer.inChannels,
      out_channels: tokenizer.outChannels,
    },
  };
  return JSON.stringify(json, null, 2) + "\n";
}

/** Whether the text of a config.json is meant for this project, well-formed or not: other libraries have files of that name. */
export function isOurs(text: string): boolean {
  try {
    const json = JSON.parse(text);
    return !isObject(json) || !("model_type" in json) || json.model_type === modelType;
  } catch {
    return true;
  }
}

/** Reads the text of a config.json. Throws `CheckpointError`, naming the field, if it is not one of this project. */
export function parseConfig(text: string, { file }: { file: string }): ModelConfig {
  const json = parseJsonFile(text, { file: `the config.json of ${file}` });
  const field = <T>(
    from: unknown,
    name: string,
    expected: string,
    fits: (value: unknown) => value is T,
  ): T => {
    const value = typeof from === "object" && from !== null && Object.hasOwn(from, name)
      ? (from as Record<string, unknown>)[name]
      : undefined;
    if (fits(value)) return value;
    throw new CheckpointError(`Cannot read the config.json of ${file}: ${name}`, {
      expected,
      got: JSON.stringify(value)?.slice(0, 100) ?? "none",
      hint: "the folder must be one that voken convert made",
    });
  };
  const oneOf = <T extends string>(...texts: readonly T[]) => (value: unknown): value is T =>
    texts.includes(value as T);
  const isNumbers = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every((item) => typeof item === "number");

  field(json, "model_type", JSON.stringify(modelType), oneOf(modelType));
  const part = field(json, "tokenizer", "an object", isObject);
  const number = (name: string) => field(part, name, "a number", isNumber);
  const tokenizer: TokenizerConfig = {
    kind: field(part, "kind", '"image" or "video"', oneOf("image", "video")),
    ch: number("ch"),
    chMult: field(part, "ch_mult", "numbers", isNumbers),
    numResBlocks: number("num_res_blocks"),
    zChannels: number("z_channels"),
    inChannels: number("in_channels"),
    outChannels: number("out_channels"),
  };
  checkConfig(tokenizer, file);
  return { tokenizer, weights: field(json, "weights", '"ema" or "raw"', oneOf("ema", "raw")) };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
