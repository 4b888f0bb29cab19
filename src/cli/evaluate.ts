import { Command } from "commander";
import { evaluateReconstruction, type ReconstructionQuality } from "../eval/reconstruction.ts";
import { DataError } from "../tensor/errors.ts";
import { openImages } from "../data/open_images.ts";
import type { ImageSource } from "../data/source.ts";
import { split } from "../data/split.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, wholeNumber, withModel } from "./options.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions {
  data: string;
  heldOut?: true;
  size?: number;
  decoders?: number;
  maxDamaged?: number;
  json?: true;
}

/** `voken evaluate`: how well a tokenizer keeps the images of a data set. */
export function evaluateCommand(io: Io): Command {
  return withModel(new Command("evaluate"))
    .description(
      "say how well a tokenizer keeps the images of a data set: PSNR, SSIM, sharpness, codes in use",
    )
    .requiredOption("--data <path>", "a folder of images, .tar shards by name or pattern, or an .npz")
    .option("--held-out", "only the images that the data keep out of training")
    .option(
      "--size <pixels>",
      "resize the shorter side, then crop to a square (default: as it is)",
      wholeNumber,
    )
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
    .option("--json", "say it in JSON")
    .action(async ({ data, heldOut, size, decoders, maxDamaged, json, ...model }: Options) => {
      await using source = await openImages(data, io);
      await using tokenizer = await loadTokenizer(model, io);
      using bar = progress("Evaluating", io);
      const quality = await evaluateReconstruction(heldOut ? heldOutOf(source) : source, tokenizer, {
        ...{ size, maxDamaged, threads: decoders, signal: io.signal },
        onProgress: ({ done, total }) => bar.update(done, total),
        onDamaged: ({ name, reason }) => io.note(`voken: passed over ${name}: ${reason}`),
      });
      io.out(json ? JSON.stringify(quality, null, 2) : describe(quality, tokenizer.codebookSize));
    });
}

function heldOutOf(source: ImageSource): ImageSource {
  const { heldOut = [] } = source;
  if (heldOut.length > 0) return split(source, heldOut).heldOut;
  throw new DataError(`Cannot evaluate held-out images of ${source.name}`, {
    expected: "an .npz with held_out, the numbers of such images",
    got: "data that keep none out",
    hint: "leave --held-out away to evaluate all",
  });
}

function describe(quality: ReconstructionQuality, codebookSize: number): string {
  const { images, damaged, size, psnr, ssim, sharpness, codes, utilization } = quality;
  const percent = (share: number) => `${(100 * share).toPrecision(3)}%`;
  return [
    `images   ${images} of ${size}×${size}${damaged > 0 ? `, ${damaged} damaged left out` : ""}`,
    `PSNR       ${psnr.toFixed(2)} dB`,
    `SSIM       ${ssim.toFixed(4)}`,
    `sharpness  ${percent(sharpness)} of the originals' mean gradient`,
    `codes      ${codes} of ${codebookSize} in use, ${percent(utilization)}`,
  ].join("\n");
}
