import { Command } from "commander";
import { contactSheet } from "../image/contact_sheet.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { ClassId } from "../transformer/classes.ts";
import { type DrawnPicture, Generator } from "../transformer/generator.ts";
import type { SamplingOptions } from "../transformer/settings.ts";
import { completed, type GenerateArguments, settingsOf, withGenerateOptions } from "./generate_options.ts";
import type { Io } from "./io.ts";
import { rangeOf } from "./options.ts";
import { checkWritable, picturePaths, writeFile, writePicture } from "./outputs.ts";
import { progress } from "./progress.ts";
import { SampleSet } from "./sample_set.ts";

/** Pictures of one request: what is lost at most when the work is stopped. */
const chunk = 8;
/** Pictures in a row of the sheet. */
const sheetColumns = 8;

/** `voken generate`: pictures of classes. */
export function generateCommand(io: Io): Command {
  return withGenerateOptions(new Command("generate"))
    .description("draw pictures of classes")
    .action(async (given: GenerateArguments) => {
      const options = await completed(given);
      if (options.npz) await checkWritable(options.npz);
      await using generator = await load(options, io);
      const settings = settingsOf(options, generator);
      const job: Job = { generator, settings, options, pictures: picturesOf(options, generator) };
      const start = performance.now();
      const drawn = options.npz ? await drawSet(job, options.npz, io) : await drawPictures(job, io);
      const seconds = (performance.now() - start) / 1000;
      const { grid } = generator.config, { candidates = 1 } = settings;
      const tokens = drawn * candidates * grid ** 2;
      const kept = candidates > 1 ? `, each the likeliest of ${candidates},` : "";
      const rate = { pictures: drawn, seconds, tokensPerSecond: tokens / seconds };
      const where = options.npz ?? options.output;
      if (options.json) io.out(JSON.stringify({ output: where, ...rate }, null, 2));
      else {
        io.out(
          `${drawn} pictures of ${grid}×${grid} tokens${kept} in ${seconds.toFixed(1)} s, ` +
            `${rate.tokensPerSecond.toFixed(0)} tokens/s: ${where}`,
        );
      }
    });
}

/** Pictures that are written as files of their own, and into a set, which is cut into shards. */
const mostFiles = 10_000, mostInSet = 10_000_000;

/** Pictures to draw, each by its number and class. */
interface Job {
  readonly generator: Generator;
  readonly settings: SamplingOptions;
  readonly options: GenerateArguments;
  readonly pictures: readonly { readonly index: number; readonly id: ClassId }[];
}

async function load(options: GenerateArguments, io: Io): Promise<Generator> {
  using bar = progress("Loading weights", io);
  const { tokenizer, backend, threads, weights, heads, grid } = options;
  return await Generator.load(options.model, {
    ...{ tokenizer, backend, threads, weights, heads, grid, signal: io.signal },
    onProgress: ({ loaded, total }) => bar.update(loaded, total),
  });
}

/** The pictures of this part of the work. Their numbers do not depend on how it is cut. */
function picturesOf(options: GenerateArguments, generator: Generator): Job["pictures"] {
  const { class: wanted = [], number } = options;
  const ids: readonly ClassId[] = wanted === "all"
    ? Array.from({ length: generator.config.classes }, (_, id) => id)
    : wanted;
  const total = ids.length * number, most = options.npz === undefined ? mostFiles : mostInSet;
  if (total > most) {
    throw new ArgumentError("Cannot draw pictures: too many of them", {
      expected: `at most ${most} altogether`,
      got: `${ids.length} classes with ${number} pictures each`,
      hint: options.npz === undefined ? "write them into one file with --npz" : undefined,
    });
  }
  const { begin, end } = rangeOf(options.shard, total);
  return Array.from({ length: end - begin }, (_, i) => ({
    index: begin + i,
    id: ids[Math.floor((begin + i) / number)]!,
  }));
}

/** Draws from the `done`-th picture on, a few at a time. */
async function* draw(
  { generator, settings, options, pictures }: Job,
  { done, io }: { done: number; io: Io },
): AsyncGenerator<DrawnPicture[]> {
  const positions = generator.config.grid ** 2;
  using bar = progress("Drawing tokens", io);
  for (let begin = done; begin < pictures.length; begin += chunk) {
    const some = pictures.slice(begin, begin + chunk);
    const request = { classIds: some.map(({ id }) => id), first: some[0]!.index, seed: options.seed };
    for await (const step of generator.stream({ ...settings, ...request, signal: io.signal })) {
      bar.update(begin * positions + step.drawn * some.length, pictures.length * positions);
      if (step.pictures) yield [...step.pictures];
    }
  }
}

async function drawPictures(job: Job, io: Io): Promise<number> {
  const { options, generator, settings, pictures } = job, { output } = options;
  const names = pictures.map(({ index }) => String(index).padStart(5, "0"));
  const paths = await picturePaths(output, { names });
  await checkWritable(`${output}/generation.json`);
  const images: Image[] = [], facts: unknown[] = [];
  for await (const drawn of draw(job, { done: 0, io })) {
    for (const { image, index, classId, className, tokens } of drawn) {
      const path = paths[images.length]!;
      await writePicture(path, image);
      images.push(image);
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
    { length: Math.ceil(images.length / sheetColumns) },
    (_, row) => images.slice(row * sheetColumns, (row + 1) * sheetColumns),
  );
  if (images.length > 0) await writePicture(`${output}/sheet.png`, contactSheet(rows, { gap: 4 }));
  const generation = { ...requestOf(options, { settings, generator }), pictures: facts };
  await writeFile(
    `${output}/generation.json`,
    new TextEncoder().encode(JSON.stringify(generation, null, 1) + "\n"),
  );
  return images.length;
}

async function drawSet(job: Job, path: string, io: Io): Promise<number> {
  const { options, generator, settings, pictures } = job;
  const request = JSON.stringify({ ...requestOf(options, { settings, generator }), shard: options.shard });
  const set = await SampleSet.open(path, { size: generator.size, total: pictures.length, request });
  const { done } = set;
  for await (const drawn of draw(job, { done, io })) await set.add(drawn.map(({ image }) => image));
  await set.finish();
  return pictures.length - done;
}

/** All that decides what is drawn, so that it can be drawn again. */
function requestOf(
  { model, tokenizer, weights, class: classes, number, seed }: GenerateArguments,
  { settings, generator: { config } }: { settings: SamplingOptions; generator: Generator },
): Record<string, unknown> {
  return { model, tokenizer, weights, transformer: config, classes, number, seed, ...settings };
}
