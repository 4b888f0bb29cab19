import { type Command, InvalidArgumentError, Option } from "commander";
import type { Backend } from "../backend/backend.ts";
import { type BackendName, backendNames } from "../backend/select.ts";
import { defaultModel } from "../models/find.ts";
import { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Io } from "./io.ts";
import { progress } from "./progress.ts";

/** What every command that runs a model is told. */
export interface ModelOptions {
  model: string;
  backend: BackendName;
  threads?: number;
  raw?: true;
}

/** Adds the options of `ModelOptions` to a command. */
export function withModel(command: Command): Command {
  command
    .option(
      "-m, --model <model>",
      "a checkpoint, a folder made by convert, or a name in models/",
      defaultModel,
    );
  return withBackend(command);
}

/** Adds the options that say how models are run. */
export function withBackend(command: Command): Command {
  return command
    .addOption(new Option("--backend <name>", "what runs the model").choices(backendNames).default("auto"))
    .option("--threads <n>", "threads (default: one a processor)", wholeNumber)
    .option("--raw", "take the raw weights of a checkpoint, not their moving average");
}

/** Loads the tokenizer that the options name, with a bar. */
export async function loadTokenizer(
  options: Omit<ModelOptions, "backend"> & { backend: BackendName | Backend },
  io: Io,
): Promise<Tokenizer> {
  using bar = progress("Loading weights", io);
  return await Tokenizer.load(options.model, {
    backend: options.backend,
    threads: options.threads,
    raw: options.raw,
    signal: io.signal,
    onProgress: ({ loaded, total }) => bar.update(loaded, total),
  });
}

/** Parses an option that is a positive whole number. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a positive whole number.");
}

/** Parses a size in pixels, `256` or `640x480` (width, then height). */
export function extent(text: string): { width: number; height: number } {
  const [width, height = width, ...more] = text.split(/[x×]/).map(wholeNumber);
  if (more.length > 0) throw new InvalidArgumentError("Expected a size such as 256 or 640x480.");
  return { width: width!, height: height! };
}

/** A part of the work: images of the i-th of n equal ranges. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The range of `total` things that a part of the work is. */
export function rangeOf({ index, count }: Shard, total: number): { begin: number; end: number } {
  return { begin: Math.floor(total * (index - 1) / count), end: Math.floor(total * index / count) };
}

/** Parses a part of the work, `i/n`. */
export function shard(text: string): Shard {
  const [index, count] = text.split("/").map(Number);
  const fits = Number.isSafeInteger(index) && Number.isSafeInteger(count) && index! >= 1 && index! <= count!;
  if (fits && /^\d+\/\d+$/.test(text)) return { index: index!, count: count! };
  throw new InvalidArgumentError("Expected i/n with i from 1 to n.");
}
