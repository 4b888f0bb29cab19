import { type Command, InvalidArgumentError, Option } from "commander";
import { type WeightFormat, weightFormatNames } from "../backend/backend.ts";
import { defaultModel } from "../models/find.ts";
import type { ClassId } from "../transformer/classes.ts";
import type { PerSubToken } from "../transformer/settings.ts";
import { type BackendOptions, modelHelp, withBackend, withJson } from "./options.ts";
import { type OutputOptions, withForce } from "./outputs.ts";
import { naturalNumber, positiveInteger, renamed } from "./parse.ts";
import { type Shard, withShard } from "./shard.ts";

/** The options of `voken generate`. */
export interface GenerateOptions extends BackendOptions, OutputOptions {
  model: string;
  tokenizer?: string;
  weights: WeightFormat;
  heads?: number;
  grid?: number;
  class?: readonly ClassId[] | "all";
  from?: string;
  number: number;
  seed: number;
  preset?: "default" | "paper";
  guidance?: PerSubToken;
  schedule?: "constant" | "linear";
  temperature?: PerSubToken;
  topK?: PerSubToken;
  topP?: PerSubToken;
  greedy?: true;
  candidates?: number;
  output: string;
  shard: Shard;
  json?: true;
}

/** Adds the options of `GenerateOptions` to a command. */
export function withGenerateOptions(command: Command): Command {
  withBackend(command.option("-m, --model <model>", modelHelp, defaultModel));
  command
    .option("--tokenizer <tokenizer>", "the tokenizer, if it is not part of the model")
    .addOption(
      new Option("--weights <format>", "format of the transformer's weights").choices(weightFormatNames)
        .default("q8"),
    )
    .option("--heads <n>", "attention heads (default: as in the model, or width / 64)", positiveInteger)
    .option("--grid <n>", "tokens along a side (default: as in the model, or 16)", positiveInteger)
    .option("-c, --class <classes>", "class numbers or names separated by commas, or all", classList)
    .option("--from <file>", "generate the images of a generation.json again")
    .option("-n, --number <n>", "number of images of each class", positiveInteger, 1)
    .option("--seed <n>", "seed of the sampler; the same seed generates the same images", naturalNumber, 0)
    .addOption(
      new Option(
        "--preset <name>",
        "sampling settings instead of the model's: paper has those of the published scores",
      )
        .choices(["default", "paper"]).argParser(presetName),
    )
    .option(
      "--guidance <g,g>",
      "scale of classifier-free guidance, for both sub-tokens or for each",
      perSubToken,
    )
    .addOption(
      new Option("--schedule <name>", "schedule of the guidance scale").choices(["constant", "linear"]),
    )
    .option("--temperature <t,t>", "sampling temperature; 0 always takes the most likely token", perSubToken)
    .option("--top-k <k,k>", "sample from the k most likely tokens; 0 for all", perSubToken)
    .option(
      "--top-p <p,p>",
      "sample from the most likely tokens whose probabilities add up to p",
      perSubToken,
    )
    .option("--greedy", "always take the most likely token")
    .option(
      "--candidates <n>",
      "generate n candidates of each image and keep the most likely",
      positiveInteger,
    )
    .option(
      "-o, --output <path>",
      "a folder for the images, sheet.png and generation.json; for one image a .png, .jpg or .webp file or - for standard " +
        "output; or an .npz file for all images (uint8 [N,H,W,3], arr_0), which resumes where it was stopped",
      "out",
    )
    .addOption(renamed("--npz <file>", "-o"));
  return withJson(withShard(withForce(command)));
}

/** Parses class numbers or names separated by commas; a name that contains commas must be quoted. */
function classList(text: string): readonly ClassId[] | "all" {
  if (text.trim() === "all") return "all";
  const parts = [...text.matchAll(/\s*(?:"([^"]*)"|([^,]*))\s*(?:,|$)/g)]
    .map(([, quoted, plain]) => (quoted ?? plain ?? "").trim()).filter((part) => part !== "");
  if (parts.length === 0) throw new InvalidArgumentError("Expected classes.");
  return parts.map((part) => /^-?\d+(\.\d+)?$/.test(part) ? Number(part) : part);
}

/** Parses a number, or a number for each sub-token separated by a comma. */
function perSubToken(text: string): PerSubToken {
  const values = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (values.length === 1 && !Number.isNaN(values[0])) return values[0]!;
  if (values.length === 2 && !values.some(Number.isNaN)) return values as unknown as PerSubToken;
  throw new InvalidArgumentError("Expected a number, or two numbers separated by a comma.");
}

/** Parses the name of a preset, which was `pretty` instead of `default` up to version 0.1.0. */
function presetName(text: string): "default" | "paper" {
  if (text === "default" || text === "paper") return text;
  const now = text === "pretty" ? " pretty is now default." : "";
  throw new InvalidArgumentError(`Expected default or paper.${now}`);
}
