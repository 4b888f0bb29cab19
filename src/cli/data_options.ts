import type { Command } from "commander";
import type { ImageReaderOptions } from "../data/image_reader.ts";
import type { Io } from "./io.ts";
import { withSize } from "./options.ts";
import { positiveInteger } from "./parse.ts";

/** Options of commands that read the images of a data set. */
export interface DataOptions {
  data: string;
  size?: number;
  decoders?: number;
  maxDamaged?: number;
}

/** Adds the options of `DataOptions` to a command. */
export function withData(command: Command): Command {
  return withSize(
    command.requiredOption(
      "--data <path>",
      "a folder of images (sub-folders are classes), .tar shards by name or pattern, or an .npz file",
    ),
  )
    .option(
      "--decoders <n>",
      "number of threads that decode images (default: a quarter of the processors)",
      positiveInteger,
    )
    .option(
      "--max-damaged <n>",
      "number of damaged images that are skipped before the command fails (default: 1%, at least 10)",
      positiveInteger,
    );
}

/** The options with which the library reads a data set. */
export function readerOptions(
  { size, decoders, maxDamaged }: DataOptions,
  io: Io,
): ImageReaderOptions & { size?: number; signal: AbortSignal } {
  return {
    ...{ size, maxDamaged, threads: decoders, signal: io.signal },
    onDamaged: ({ name, reason }) => io.note(`voken: skipped ${name}: ${reason}`),
  };
}
