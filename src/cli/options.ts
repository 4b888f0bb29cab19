import { CheckpointError } from "../tensor/errors.ts";
import { type Command, Option } from "commander";
import type { Backend } from "../backend/backend.ts";
import { type BackendName, backendNames } from "../backend/select.ts";
import { defaultModel } from "../models/find.ts";
import { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Io } from "./io.ts";
import { positiveInteger } from "./parse.ts";
import { progress } from "./progress.ts";

/** Options of how a model is run. */
export interface BackendOptions {
  backend: BackendName;
  threads?: number;
}

/** Which weights of a checkpoint are taken. */
export interface WeightOptions {
  raw?: true;
  prefix?: string;
}

/** Options of commands that run a tokenizer. */
export interface ModelOptions extends BackendOptions, WeightOptions {
  model: string;
}

/** The models that the options and arguments of commands accept. */
export const modelHelp =
  "a checkpoint, a folder written by convert, the address of one, hf:owner/name, or the name of a shipped model";

/** Adds the options of `ModelOptions` to a command. */
export function withModel(command: Command): Command {
  return withWeights(withBackend(command.option("-m, --model <model>", modelHelp, defaultModel)));
}

/** Adds the options of `BackendOptions` to a command. */
export function withBackend(command: Command): Command {
  return command
    .addOption(
      new Option("--backend <name>", "backend that runs the model").choices(backendNames).default("auto"),
    )
    .option("--threads <n>", "number of threads (default: number of processors)", positiveInteger);
}

/** Adds the options of `WeightOptions` to a command. */
export function withWeights(command: Command): Command {
  return command
    .option("--raw", "use the raw weights of a checkpoint instead of their moving average")
    .option("--prefix <text>", "what the names of the weights begin with, where a file holds several models");
}

/** Adds the option `--size` to a command. */
export function withSize(command: Command): Command {
  return command.option(
    "--size <pixels>",
    "resize the shorter side and crop to a square of this size (default: no change)",
    positiveInteger,
  );
}

/** Adds the option `--json` to a command. */
export function withJson(command: Command): Command {
  return command.option("--json", "print JSON");
}

/** Loads the tokenizer that the options name, with a progress bar. */
export async function loadTokenizer(
  { model, backend, threads, raw, prefix }: Omit<ModelOptions, "backend"> & {
    backend: BackendName | Backend;
  },
  io: Io,
): Promise<Tokenizer> {
  using bar = progress("Loading weights", io);
  const { signal } = io, { onLoad: onProgress } = bar;
  const tokenizer = await Tokenizer.load(model, { backend, threads, raw, prefix, signal, onProgress });
  if (tokenizer.config.kind === "image") return tokenizer;
  await tokenizer[Symbol.asyncDispose]();
  throw new CheckpointError(`Cannot load ${model}`, {
    expected: "an image tokenizer",
    got: "a video tokenizer",
    hint: "use it in a program, by encodeTensor and decodeTensor",
  });
}
