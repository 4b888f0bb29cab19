import { ArgumentError } from "../tensor/errors.ts";
import type { ClassId } from "../transformer/classes.ts";
import type { GeneratedImage } from "../transformer/generated_image.ts";
import type { Generator } from "../transformer/generator.ts";
import { defaultSampling, paperSettings, type SamplingOptions } from "../transformer/settings.ts";
import type { GenerateOptions } from "./generate_options.ts";
import type { Io } from "./io.ts";
import { extensionOf } from "./paths.ts";
import { progress } from "./progress.ts";
import { rangeOf } from "./shard.ts";

/** The images that one call of `voken generate` generates. */
export interface GenerationRun {
  readonly generator: Generator;
  readonly settings: SamplingOptions;
  readonly options: GenerateOptions;
  /** Numbers and classes of the images. The number of an image does not depend on the shard. */
  readonly images: readonly { readonly index: number; readonly id: ClassId }[];
}

/** Number of images of one request, which are lost if the command is stopped. */
const requestImages = 8;

/** Limits on the number of images: as separate files, and in a set, which can be divided into shards. */
const maxFiles = 10_000, maxInSet = 10_000_000;

/** Whether all images are written to one `.npz` file. */
export function isSet({ output }: Pick<GenerateOptions, "output">): boolean {
  return extensionOf(output) === ".npz";
}

/** The run that the options describe. Throws `ArgumentError` for too many images. */
export function generationRun(options: GenerateOptions, generator: Generator): GenerationRun {
  const { class: classes = [], number } = options;
  const ids: readonly ClassId[] = classes === "all"
    ? Array.from({ length: generator.config.classes }, (_, id) => id)
    : classes;
  const total = ids.length * number, most = isSet(options) ? maxInSet : maxFiles;
  if (total > most) {
    throw new ArgumentError("Cannot generate so many images", {
      expected: `at most ${most}`,
      got: `${ids.length} classes with ${number} images each`,
      hint: isSet(options) ? undefined : "write them to one file with -o images.npz",
    });
  }
  const { begin, end } = rangeOf(options.shard, total);
  const images = Array.from({ length: end - begin }, (_, i) => ({
    index: begin + i,
    id: ids[Math.floor((begin + i) / number)]!,
  }));
  return { generator, settings: settingsOf(options, generator), options, images };
}

/** Generates the images from the `done`-th on, a few at a time. */
export async function* generateImages(
  { generator, settings, options, images }: GenerationRun,
  { done, io }: { done: number; io: Io },
): AsyncGenerator<GeneratedImage[]> {
  const positions = generator.config.grid ** 2;
  using bar = progress("Generating tokens", io);
  for (let begin = done; begin < images.length; begin += requestImages) {
    const some = images.slice(begin, begin + requestImages);
    const request = { classIds: some.map(({ id }) => id), first: some[0]!.index, seed: options.seed };
    for await (const step of generator.stream({ ...settings, ...request, signal: io.signal })) {
      bar.update(begin * positions + step.generated * some.length, images.length * positions);
      if (step.images) yield [...step.images];
    }
  }
}

/** Everything that determines the images, for generating them again. */
export function requestOf({ generator, settings, options }: GenerationRun): Record<string, unknown> {
  const { model, tokenizer, weights, class: classes, number, seed } = options;
  return { model, tokenizer, weights, transformer: generator.config, classes, number, seed, ...settings };
}

/** The sampling settings of the options; those not given are taken from the preset or the model. */
function settingsOf(
  { preset, guidance, schedule, temperature, topK, topP, greedy, candidates }: GenerateOptions,
  { sampling, config: { dim } }: Pick<Generator, "sampling" | "config">,
): SamplingOptions {
  const base = preset === undefined ? sampling : preset === "paper" ? paperSettings(dim) : defaultSampling;
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
