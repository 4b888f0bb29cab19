import { Command } from "commander";
import { Generator } from "../transformer/generator.ts";
import { count } from "./count.ts";
import { type GenerateOptions, withGenerateOptions } from "./generate_options.ts";
import { withGenerationFile } from "./generation_file.ts";
import { descriptionOf, writeFiles, writeSet } from "./generation_files.ts";
import { generationRun, isSet } from "./generation_run.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { checkOutputs } from "./outputs.ts";
import { outputName } from "./paths.ts";
import { progress } from "./progress.ts";

/** `voken generate`: generates images of classes. */
export function generateCommand(io: Io): Command {
  const command = withGenerateOptions(new Command("generate").description("generate images of classes"));
  withExamples(command, [
    "voken generate --class Flags,Symbols -n 2 --seed 42 -o generated",
    "voken generate --from generated/generation.json -o again",
    "voken generate --class Flags -o - > flag.png",
    "voken generate --class all -n 5 --shard 1/10 -o set-1.npz",
  ]);
  return command
    .action(async (given: GenerateOptions) => {
      const options = await withGenerationFile(given), { output } = options;
      await checkOutputs([isSet(options) ? output : await descriptionOf(output)], options, io);
      await using generator = await load(options, io);
      const run = generationRun(options, generator);
      const start = performance.now();
      const images = isSet(options) ? await writeSet(run, io) : await writeFiles(run, io);
      const seconds = (performance.now() - start) / 1000;
      const { grid } = generator.config, { candidates = 1 } = run.settings;
      const tokensPerSecond = images * candidates * grid ** 2 / seconds;
      if (options.json) {
        return io.out(JSON.stringify({ output, images, seconds, tokensPerSecond }, null, 2));
      }
      const kept = candidates > 1 ? `, each the most likely of ${candidates} candidates,` : "";
      io.out(
        `${count(images, "image")} of ${grid}×${grid} tokens${kept} in ${seconds.toFixed(1)} s, ` +
          `${tokensPerSecond.toFixed(0)} tokens/s: ${outputName(output)}`,
      );
    });
}

async function load(options: GenerateOptions, io: Io): Promise<Generator> {
  using bar = progress("Loading weights", io);
  const { model, tokenizer, backend, threads, weights, heads, grid } = options;
  const { signal } = io, { onLoad: onProgress } = bar;
  return await Generator.load(model, {
    ...{ tokenizer, backend, threads, weights, heads, grid, signal, onProgress },
  });
}
