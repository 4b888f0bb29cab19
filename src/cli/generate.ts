import { Command } from "commander";
import { contactSheet } from "../image/contact_sheet.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { ClassId } from "../transformer/classes.ts";
import { type GeneratedImage, Generator } from "../transformer/generator.ts";
import type { SamplingOptions } from "../transformer/settings.ts";
import { completed, type GenerateArguments, settingsOf, withGenerateOptions } from "./generate_options.ts";
import type { Io } from "./io.ts";
import { rangeOf } from "./options.ts";
import { checkWritable, imagePaths, writeFile, writeImage } from "./outputs.ts";
import { progress } from "./progress.ts";
import { SampleSet } from "./sample_set.ts";

/** Images of one request: what is lost at most when the work is stopped. */
const chunk = 8;
/** Images in a row of the sheet. */
const sheetColumns = 8;

/** `voken generate`: images of classes. */
export function generateCommand(io: Io): Command {
  return withGenerateOptions(new Command("generate"))
    .description("generate images of classes")
    .action(async (given: GenerateArguments) => {
      const options = await completed(given);
      if (options.npz) await checkWritable(options.npz);
      await using generator = await load(options, io);
      const settings = settingsOf(options, generator);
      const job: Job = { generator, settings, options, images: imagesOf(options, generator) };
      const start = performance.now();
      const generated = options.npz ? await generateset(job, options.npz, io) : await drawImages(job, io);
      const seconds = (performance.now() - start) / 1000;
      const { grid } = generator.config, { candidates = 1 } = settings;
      const tokens = generated * candidates * grid ** 2;
      const kept = candidates > 1 ? `, each the likeliest of ${candidates},` : "";
      const rate = { images: generated, seconds, tokensPerSecond: tokens / seconds };
      const where = options.npz ?? options.output;
      if (options.json) io.out(JSON.stringify({ output: where, ...rate }, null, 2));
      else {
        io.out(
          `${generated} images of ${grid}×${grid} tokens${kept} in ${seconds.toFixed(1)} s, ` +
            `${rate.tokensPerSecond.toFixed(0)} tokens/s: ${where}`,
        );
      }
    });
}

/** Images that are written as files of their own, and into a set, which is cut into shards. */
const mostFiles = 10_000, mostInSet = 10_000_000;

/** Images to generate, each by its number and class. */
interface Job {
  readonly generator: Generator;
  readonly settings: SamplingOptions;
  readonly options: GenerateArguments;
  readonly images: readonly { readonly index: number; readonly id: ClassId }[];
}

async function load(options: GenerateArguments, io: Io): Promise<Generator> {
  using bar = progress("Loading weights", io);
  const { tokenizer, backend, threads, weights, heads, grid } = options;
  return await Generator.load(options.model, {
    ...{ tokenizer, backend, threads, weights, heads, grid, signal: io.signal },
    onProgress: ({ loaded, total }) => bar.update(loaded, total),
  });
}

/** The images of this part of the work. Their numbers do not depend on how it is cut. */
function imagesOf(options: GenerateArguments, generator: Generator): Job["images"] {
  const { class: wanted = [], number } = options;
  const ids: readonly ClassId[] = wanted === "all"
    ? Array.from({ length: generator.config.classes }, (_, id) => id)
    : wanted;
  const total = ids.length * number, most = options.npz === undefined ? mostFiles : mostInSet;
  if (total > most) {
    throw new ArgumentError("Cannot generate images: too many of them", {
      expected: `at most ${most} altogether`,
      got: `${ids.length} classes with ${number} images each`,
      hint: options.npz === undefined ? "write them into one file with --npz" : undefined,
    });
  }
  const { begin, end } = rangeOf(options.shard, total);
  return Array.from({ length: end - begin }, (_, i) => ({
    index: begin + i,
    id: ids[Math.floor((begin + i) / number)]!,
  }));
}

/** Generates from the `done`-th image on, a few at a time. */
async function* generate(
  { generator, settings, options, images }: Job,
  { done, io }: { done: number; io: Io },
): AsyncGenerator<GeneratedImage[]> {
  const positions = generator.config.grid ** 2;
  using bar = progress("Generation tokens", io);
  for (let begin = done; begin < images.length; begin += chunk) {
    const some = images.slice(begin, begin + chunk);
    const request = { classIds: some.map(({ id }) => id), first: some[0]!.index, seed: options.seed };
    for await (const step of generator.stream({ ...settings, ...request, signal: io.signal })) {
      bar.update(begin * positions + step.generated * some.length, images.length * positions);
      if (step.images) yield [...step.images];
    }
  }
}

async function drawImages(job: Job, io: Io): Promise<number> {
  const { options, generator, settings, images } = job, { output } = options;
  const names = images.map(({ index }) => String(index).padStart(5, "0"));
  const paths = await imagePaths(output, { names });
  await checkWritable(`${output}/generation.json`);
  const done: Image[] = [], facts: unknown[] = [];
  for await (const generated of generate(job, { done: 0, io })) {
    for (const { image, index, classId, className, tokens } of generated) {
      const path = paths[done.length]!;
      await writeImage(path, image);
      done.push(image);
      facts.push({
        file: path.slice(output.length + 1),
        index,
        classId,
        className,
        tokens: [...tokens.data],
      });
    }
  }
  const rows = Array.from(
    { length: Math.ceil(done.length / sheetColumns) },
    (_, row) => done.slice(row * sheetColumns, (row + 1) * sheetColumns),
  );
  if (done.length > 0) await writeImage(`${output}/sheet.png`, contactSheet(rows, { gap: 4 }));
  const generation = { ...requestOf(options, { settings, generator }), images: facts };
  await writeFile(
    `${output}/generation.json`,
    new TextEncoder().encode(JSON.stringify(generation, null, 1) + "\n"),
  );
  return done.length;
}

async function generateset(job: Job, path: string, io: Io): Promise<number> {
  const { options, generator, settings, images } = job;
  const request = JSON.stringify({ ...requestOf(options, { settings, generator }), shard: options.shard });
  const set = await SampleSet.open(path, { size: generator.size, total: images.length, request });
  const { done } = set;
  for await (const generated of generate(job, { done, io })) {
    await set.add(generated.map(({ image }) => image));
  }
  await set.finish();
  return images.length - done;
}

/** All that decides what is generated, so that it can be generated again. */
function requestOf(
  { model, tokenizer, weights, class: classes, number, seed }: GenerateArguments,
  { settings, generator: { config } }: { settings: SamplingOptions; generator: Generator },
): Record<string, unknown> {
  return { model, tokenizer, weights, transformer: config, classes, number, seed, ...settings };
}
