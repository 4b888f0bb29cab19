import { Command } from "commander";
import { openImages } from "../data/open_images.ts";
import type { ImageSource } from "../data/source.ts";
import { split } from "../data/split.ts";
import { evaluateReconstruction, type ReconstructionQuality } from "../eval/reconstruction.ts";
import { alignColumns } from "../graph/print.ts";
import { DataError } from "../tensor/errors.ts";
import { type DataOptions, readerOptions, withData } from "./data_options.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, withJson, withModel } from "./options.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions, DataOptions {
  heldOut?: true;
  json?: true;
}

/** `voken evaluate`: measures how well a tokenizer reconstructs the images of a data set. */
export function evaluateCommand(io: Io): Command {
  const command = new Command("evaluate")
    .summary("measure how well a tokenizer reconstructs a data set")
    .description(
      "measure how well a tokenizer reconstructs the images of a data set: PSNR, SSIM, sharpness, codes in use",
    )
    .option("--held-out", "use only the images that the data set excludes from training");
  withExamples(command, [
    "voken evaluate --data photos --size 64",
    "voken evaluate --data 'test-*.tar' --json",
  ]);
  return withJson(withData(withModel(command)))
    .action(async (options: Options) => {
      await using source = await openImages(options.data, { signal: io.signal });
      await using tokenizer = await loadTokenizer(options, io);
      using bar = progress("Evaluating", io);
      const quality = await evaluateReconstruction(options.heldOut ? heldOutOf(source) : source, tokenizer, {
        ...readerOptions(options, io),
        onProgress: ({ done, total }) => bar.update(done, total),
      });
      io.out(options.json ? JSON.stringify(quality, null, 2) : describe(quality, tokenizer.codebookSize));
    });
}

function heldOutOf(source: ImageSource): ImageSource {
  const { heldOut = [] } = source;
  if (heldOut.length > 0) return split(source, heldOut).heldOut;
  throw new DataError(`Cannot evaluate held-out images of ${source.name}`, {
    expected: "an .npz file with an array held_out of their numbers",
    got: "a data set without held-out images",
    hint: "omit --held-out to evaluate all images",
  });
}

function describe(quality: ReconstructionQuality, codebookSize: number): string {
  const { images, damaged, size, psnr, ssim, sharpness, codes, utilization } = quality;
  const percent = (share: number) => `${(100 * share).toPrecision(3)}%`;
  return alignColumns([
    ["images", `${images} of ${size}×${size}${damaged > 0 ? `, skipped ${damaged} damaged` : ""}`],
    ["PSNR", `${psnr.toFixed(2)} dB`],
    ["SSIM", ssim.toFixed(4)],
    ["sharpness", `${percent(sharpness)} of the originals' mean gradient`],
    ["codes", `${codes} of ${codebookSize} in use, ${percent(utilization)}`],
  ]).join("\n");
}
