import { Command } from "commander";
import { openImages } from "../data/open_images.ts";
import { tokenizeImages } from "../data/tokenize.ts";
import type { Io } from "./io.ts";
import {
  loadTokenizer,
  type ModelOptions,
  rangeOf,
  type Shard,
  shard,
  wholeNumber,
  withModel,
} from "./options.ts";
import { checkWritable } from "./outputs.ts";
import { describeTokens } from "./describe_tokens.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions {
  data: string;
  output: string;
  size?: number;
  mirror?: true;
  shard: Shard;
  decoders?: number;
  maxDamaged?: number;
}

/** `voken tokenize`: a data set to a file of tokens, for training the transformer. */
export function tokenizeCommand(io: Io): Command {
  return withModel(new Command("tokenize"))
    .description(
      "turn a data set into tokens for training; goes on where it was stopped",
    )
    .requiredOption(
      "--data <path>",
      "a folder (sub-folders are classes), .tar shards by name or pattern, or an .npz",
    )
    .requiredOption("-o, --output <file>", "where the tokens go: .npz or .safetensors")
    .option(
      "--size <pixels>",
      "resize the shorter side, then crop to a square (default: as it is)",
      wholeNumber,
    )
    .option("--mirror", "make the tokens of the mirror images, too")
    .option("--shard <i/n>", "only the i-th of n parts of the images", shard, { index: 1, count: 1 })
    .option(
      "--decoders <n>",
      "threads that decode images (default: a quarter of the processors)",
      wholeNumber,
    )
    .option(
      "--max-damaged <n>",
      "damaged images before that is an error (default: 1%, at least 10)",
      wholeNumber,
    )
    .action(async (options: Options) => {
      const { output, size, mirror, maxDamaged } = options;
      await checkWritable(output);
      await using source = await openImages(options.data, io);
      await using tokenizer = await loadTokenizer(options, io);
      using bar = progress("Tokenizing", io);
      const start = performance.now(), say = sayNow(io);
      const { images, damaged, read, grid } = await tokenizeImages(source, tokenizer, {
        ...{ output, size, mirror, maxDamaged, signal: io.signal, threads: options.decoders },
        model: options.raw ? `${options.model} (raw)` : options.model,
        range: rangeOf(options.shard, source.length),
        onProgress: ({ done, total }) => {
          bar.update(done, total);
          say(done, total);
        },
        onDamaged: ({ name, reason }) => io.note(`voken: passed over ${name}: ${reason}`),
      });
      const seconds = (performance.now() - start) / 1000;
      const left = damaged > 0 ? `, ${damaged} damaged left out` : "";
      const before = images + damaged - read;
      const resumed = before > 0 ? `, ${before} of them before` : "";
      io.out(
        `${images} images: ${describeTokens({ grid, codebookSize: tokenizer.codebookSize })}${
          mirror ? ", and mirrored" : ""
        }` +
          `${left}${resumed}, in ${output}; ${(read / seconds).toFixed(1)} images/s`,
      );
    });
}

/** Milliseconds between two remarks where no bar is watched. */
const remarkTime = 60_000;

/** Says once a minute how far the work is, for logs. */
function sayNow(io: Io): (done: number, total: number) => void {
  let last = { time: performance.now(), done: 0 };
  return (done, total) => {
    const time = performance.now(), seconds = (time - last.time) / 1000;
    if (io.watched || time - last.time < remarkTime) return;
    io.note(`voken: ${done} of ${total} images, ${((done - last.done) / seconds).toFixed(1)}/s`);
    last = { time, done };
  };
}
