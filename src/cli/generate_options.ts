import { type Command, InvalidArgumentError, Option } from "commander";
import { type WeightFormat, weightFormatNames } from "../backend/backend.ts";
import { type BackendName, backendNames } from "../backend/select.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { defaultModel } from "../models/find.ts";
import type { ClassId } from "../transformer/classes.ts";
import type { Generator } from "../transformer/generator.ts";
import { paperSettings, type PerSubToken, pretty, type SamplingOptions } from "../transformer/settings.ts";
import { type Shard, shard, wholeNumber } from "./options.ts";

/** What `voken generate` is told. */
export interface GenerateArguments {
  model: string;
  tokenizer?: string;
  backend: BackendName;
  threads?: number;
  weights: WeightFormat;
  heads?: number;
  grid?: number;
  class?: readonly ClassId[] | "all";
  from?: string;
  number: number;
  seed: number;
  preset?: "pretty" | "paper";
  guidance?: PerSubToken;
  schedule?: "constant" | "linear";
  temperature?: PerSubToken;
  topK?: PerSubToken;
  topP?: PerSubToken;
  greedy?: true;
  candidates?: number;
  output: string;
  npz?: string;
  shard: Shard;
  json?: true;
}

/** Adds the options to a command. */
export function withGenerateOptions(command: Command): Command {
  return command
    .option("-m, --model <model>", "a checkpoint, a folder, or a name in models/", defaultModel)
    .option("--tokenizer <tokenizer>", "where the tokenizer is, if not with the model")
    .addOption(new Option("--backend <name>", "what runs the model").choices(backendNames).default("auto"))
    .option("--threads <n>", "threads (default: one a processor)", wholeNumber)
    .addOption(
      new Option("--weights <format>", "how weights are stored").choices(weightFormatNames).default("q8"),
    )
    .option("--heads <n>", "heads of the transformer (default: its width over 64)", wholeNumber)
    .option("--grid <n>", "tokens along a side (default: what the model says, or 16)", wholeNumber)
    .option("-c, --class <classes>", "numbers or names, with commas between them; or all", classList)
    .option("--from <file>", "generate again what this generation.json says")
    .option("-n, --number <n>", "images of each class", wholeNumber, 1)
    .option("--seed <n>", "the same seed generates the same images", count, 0)
    .addOption(
      new Option(
        "--preset <name>",
        "for images to look at, or as published scores were made (default: what the model says, or pretty)",
      ).choices(["pretty", "paper"]),
    )
    .option("--guidance <g,g>", "scale for both sub-tokens, or one for each", pair)
    .addOption(new Option("--schedule <name>", "how guidance grows").choices(["constant", "linear"]))
    .option("--temperature <t,t>", "0 always takes the likeliest", pair)
    .option("--top-k <k,k>", "generate from the k likeliest; 0 for all", pair)
    .option("--top-p <p,p>", "generate from the likeliest that reach this probability together", pair)
    .option("--greedy", "always take the likeliest")
    .option("--candidates <n>", "generate each image so often and keep the likeliest", wholeNumber)
    .option("-o, --output <folder>", "where images, sheet.png and generation.json go", "out")
    .option("--npz <file>", "write all images into one .npz instead (uint8 N H W C, arr_0); resumes")
    .addOption(
      new Option("--shard <i/n>", "only the i-th of n parts of the images")
        .argParser(shard).default({ index: 1, count: 1 }, "all"),
    )
    .option("--json", "say it in JSON");
}

/** What a generation.json says of how its images were generated. */
const generatedFields = ["model", "tokenizer", "weights", "class", "number", "seed", "guidance"] as const;
const moreFields = ["schedule", "temperature", "topK", "topP", "candidates"] as const;

/**
 * The arguments with those in the file `from` names instead of theirs. Throws `ArgumentError` where it is no
 * generation.json, or there are neither classes nor such a file.
 */
export async function completed(options: GenerateArguments): Promise<GenerateArguments> {
  const { from } = options;
  if (from === undefined) {
    if (options.class) return options;
    throw new ArgumentError("Cannot generate images", { expected: "--class or --from", got: "neither" });
  }
  let said: Record<string, unknown>;
  try {
    said = JSON.parse(await Deno.readTextFile(from));
  } catch (cause) {
    throw new ArgumentError(`Cannot read ${from}`, {
      expected: "a generation.json",
      got: String(cause),
      cause,
    });
  }
  const { transformer, classes, guidanceSchedule } = said as {
    transformer?: { heads?: number; grid?: number };
    classes?: unknown;
    guidanceSchedule?: unknown;
  };
  const isList = classes === "all" ||
    (Array.isArray(classes) && classes.every((id) => typeof id === "number" || typeof id === "string"));
  if (!isList || typeof said.model !== "string" || typeof said.seed !== "number") {
    throw new ArgumentError(`Cannot read ${from}`, { expected: "a generation.json", got: "another file" });
  }
  const all: Record<string, unknown> = { ...said, class: classes, schedule: guidanceSchedule };
  // One that does not say it was written before there were candidates.
  all.candidates ??= 1;
  const taken = Object.fromEntries([...generatedFields, ...moreFields].map((name) => [name, all[name]]));
  return { ...options, ...taken, heads: transformer?.heads, grid: transformer?.grid } as GenerateArguments;
}

/** The settings that the arguments ask for: those given, the rest from the preset or the model. */
export function settingsOf(
  { preset, guidance, schedule, temperature, topK, topP, greedy, candidates }: GenerateArguments,
  { sampling, config: { dim } }: Pick<Generator, "sampling" | "config">,
): SamplingOptions {
  const base = preset === undefined ? sampling : preset === "paper" ? paperSettings(dim) : pretty;
  return {
    guidance: guidance ?? base.guidance,
    guidanceSchedule: schedule ?? base.guidanceSchedule,
    temperature: temperature ?? base.temperature,
    topK: topK ?? base.topK,
    topP: topP ?? base.topP,
    greedy,
    candidates: candidates ?? base.candidates,
  };
}

/** Commas between classes; quotes around names that hold commas themselves. */
function classList(text: string): readonly ClassId[] | "all" {
  if (text.trim() === "all") return "all";
  const parts = [...text.matchAll(/\s*(?:"([^"]*)"|([^,]*))\s*(?:,|$)/g)]
    .map(([, quoted, plain]) => (quoted ?? plain ?? "").trim()).filter((part) => part !== "");
  if (parts.length === 0) throw new InvalidArgumentError("Expected classes.");
  return parts.map((part) => /^-?\d+(\.\d+)?$/.test(part) ? Number(part) : part);
}

function pair(text: string): PerSubToken {
  const values = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (values.length === 1 && !Number.isNaN(values[0])) return values[0]!;
  if (values.length === 2 && !values.some(Number.isNaN)) return values as unknown as PerSubToken;
  throw new InvalidArgumentError("Expected a number, or two with a comma between them.");
}

function count(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 0 on.");
}
