import { Command } from "commander";
import { openImages } from "../data/open_images.ts";
import { tokenizeImages } from "../data/tokenize.ts";
import { count } from "./count.ts";
import { type DataOptions, readerOptions, withData } from "./data_options.ts";
import { describeTokens } from "./describe_tokens.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, withModel } from "./options.ts";
import { checkOutputs, type OutputOptions, withForce } from "./outputs.ts";
import { everyMinute, progress } from "./progress.ts";
import { rangeOf, type Shard, withShard } from "./shard.ts";

interface Options extends ModelOptions, DataOptions, OutputOptions {
  output: string;
  mirror?: true;
  shard: Shard;
}

/** `voken tokenize`: encodes a data set to a file of tokens, for training a transformer. */
export function tokenizeCommand(io: Io): Command {
  const command = new Command("tokenize")
    .summary("encode a data set to tokens for training")
    .description("encode a data set to tokens for training; resumes where it was stopped")
    .requiredOption("-o, --output <file>", "file of the tokens: .npz or .safetensors")
    .option("--mirror", "also encode the mirrored images");
  withExamples(command, [
    "voken tokenize --data photos -o tokens.npz",
    "voken tokenize --data 'train-*.tar' --size 64 --mirror --shard 1/2 -o tokens-1.safetensors",
  ]);
  return withShard(withData(withModel(withForce(command))))
    .action(async (options: Options) => {
      const { output, mirror } = options;
      await checkOutputs([output], options, io);
      await using source = await openImages(options.data, io);
      await using tokenizer = await loadTokenizer(options, io);
      using bar = progress("Tokenizing", io);
      const start = performance.now();
      let state = { done: 0, total: 0 }, before = 0;
      const log = everyMinute(io, (seconds) => {
        const { done, total } = state;
        io.note(`voken: ${done} of ${total} images, ${((done - before) / seconds).toFixed(1)} images/s`);
        before = done;
      });
      const { images, damaged, read, grid } = await tokenizeImages(source, tokenizer, {
        ...{ ...readerOptions(options, io), output, mirror },
        model: options.raw ? `${options.model} (raw)` : options.model,
        range: rangeOf(options.shard, source.length),
        onProgress: (progress) => {
          state = progress;
          bar.update(progress.done, progress.total);
          log();
        },
      });
      const seconds = (performance.now() - start) / 1000, resumed = images + damaged - read;
      io.out(
        [
          `${count(images, "image")}: ${describeTokens({ grid, codebookSize: tokenizer.codebookSize })}`,
          ...mirror ? ["also mirrored"] : [],
          ...damaged > 0 ? [`skipped ${damaged} damaged`] : [],
          ...resumed > 0 ? [`${count(resumed, "image")} from before`] : [],
          `in ${output}; ${(read / seconds).toFixed(1)} images/s`,
        ].join(", "),
      );
    });
}
