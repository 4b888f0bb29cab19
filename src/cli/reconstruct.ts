import { Command } from "commander";
import { alignColumns } from "../graph/print.ts";
import { psnr } from "../image/metrics.ts";
import type { Grid } from "../tokenizer/grid.ts";
import { describeTokens } from "./describe_tokens.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, withJson, withModel, withSize } from "./options.ts";
import { checkWritable, imagePaths, stemOf, writeImage } from "./outputs.ts";
import { batchesOf, checkInputs } from "./images.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions {
  output: string;
  size?: number;
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
  const command = new Command("reconstruct")
    .description("encode images to tokens, decode them again, and report the PSNR")
    .argument("<images...>", "PNG, JPEG or WebP files")
    .option("-o, --output <path>", "a folder, or a .png, .jpg or .webp file for one image", "out");
  return withJson(withSize(withModel(command)))
    .action(async (inputs: string[], options: Options) => {
      await checkInputs(inputs);
      const outputs = await imagePaths(options.output, { names: inputs.map(stemOf), inputs });
      for (const output of outputs) await checkWritable(output);
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
  inputs: readonly string[],
  { outputs, done, ...options }: Options & { outputs: readonly string[]; done: Reconstruction[] },
  io: Io,
): Promise<void> {
  await using tokenizer = await loadTokenizer(options, io);
  using bar = progress("Reconstructing", io);
  for await (const batch of batchesOf(inputs, { size: options.size, signal: io.signal })) {
    bar.update(done.length, inputs.length);
    const start = performance.now();
    const tokens = await tokenizer.encode(batch.map(({ image }) => image), io);
    const images = await tokenizer.decode(tokens, io);
    const seconds = (performance.now() - start) / 1000 / batch.length;
    for (const [i, { path, image }] of batch.entries()) {
      const { grid, codebookSize, data } = tokens[i]!, decibel = psnr(image, images[i]!);
      const output = outputs[done.length]!;
      await writeImage(output, images[i]!);
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
    output,
  ]);
  return alignColumns(rows, [1, 5]).join("\n");
}
