import { Command } from "commander";
import { alignColumns } from "../graph/print.ts";
import { psnr } from "../image/metrics.ts";
import type { Grid } from "../tokenizer/grid.ts";
import type { Frame } from "../tokenizer/runs.ts";
import { describeTokens } from "./describe_tokens.ts";
import type { Io } from "./io.ts";
import { withExamples } from "./help.ts";
import { imagePaths, withImageOutput, writeImage } from "./image_outputs.ts";
import { batchesOf, checkInputs, type ImageOptions, withImages } from "./images.ts";
import { type Input, inputImages } from "./inputs.ts";
import { loadTokenizer, type ModelOptions, withJson, withModel } from "./options.ts";
import { checkOutputs, type OutputOptions } from "./outputs.ts";
import { outputName } from "./paths.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions, ImageOptions, OutputOptions {
  output: string;
  json?: true;
}

/** The result for one image. */
interface Reconstruction {
  input: string;
  output: string;
  width: number;
  height: number;
  grid: Grid;
  codebookSize: number;
  /** Number of different codes. */
  distinct: number;
  /** In dB; null for identical images. */
  psnr: number | null;
  /** Time of encoding and decoding the batch, divided by its images. */
  seconds: number;
}

/** `voken reconstruct`: encodes images and decodes them again. */
export function reconstructCommand(io: Io): Command {
  const command = withImageOutput(withImages(
    new Command("reconstruct").description("encode images to tokens, decode them again, and report the PSNR"),
  ));
  withExamples(command, [
    "voken reconstruct photo.png",
    "voken reconstruct photos --size 64 --skip-damaged -o reconstructed",
    "voken reconstruct - -o - < photo.png > reconstructed.png",
  ]);
  return withJson(withModel(command))
    .action(async (images: string[], options: Options) => {
      const inputs = await inputImages(images);
      await checkInputs(inputs, options);
      const names = inputs.map(({ name }) => name), paths = inputs.map(({ path }) => path);
      const outputs = await imagePaths(options.output, { names, inputs: paths });
      await checkOutputs(outputs, options, io);
      const done: Reconstruction[] = [];
      try {
        await reconstruct(inputs, { ...options, outputs, done }, io);
      } finally {
        // Also after an error: these images have been written.
        if (done.length > 0) io.out(options.json ? JSON.stringify(done, null, 2) : describe(done));
      }
    });
}

async function reconstruct(
  inputs: readonly Input[],
  { outputs, done, ...options }: Options & { outputs: readonly string[]; done: Reconstruction[] },
  io: Io,
): Promise<void> {
  await using tokenizer = await loadTokenizer(options, io);
  using bar = progress("Reconstructing", io);
  const check = (size: Frame) => tokenizer.checkSize(size, { decode: true });
  for await (const batch of batchesOf(inputs, { ...options, check }, io)) {
    bar.update(done.length, inputs.length);
    const start = performance.now();
    const tokens = await tokenizer.encode(batch.map(({ image }) => image), { signal: io.signal });
    const images = await tokenizer.decode(tokens, { signal: io.signal });
    const seconds = (performance.now() - start) / 1000 / batch.length;
    for (const [i, { index, path, image }] of batch.entries()) {
      const { grid, codebookSize, data } = tokens[i]!, decibel = psnr(image, images[i]!);
      const output = outputs[index]!;
      await writeImage(output, images[i]!, io);
      done.push({
        input: path,
        output,
        width: image.width,
        height: image.height,
        grid,
        codebookSize,
        distinct: new Set(data).size,
        psnr: Number.isFinite(decibel) ? decibel : null,
        seconds,
      });
    }
    bar.update(done.length, inputs.length);
  }
}

function describe(done: readonly Reconstruction[]): string {
  const rows = done.map(({ input, output, width, height, distinct, psnr, seconds, ...tokens }) => [
    input,
    `${width}×${height}`,
    describeTokens(tokens),
    `${distinct} distinct`,
    psnr === null ? "lossless" : `PSNR ${psnr.toFixed(2)} dB`,
    `${seconds.toFixed(2)} s`,
    outputName(output),
  ]);
  return alignColumns(rows, [1, 5]).join("\n");
}
