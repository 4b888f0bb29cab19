/**
 * Reconstructs the sample images of the shipped model, shows them beside the originals, and generates new images:
 * `deno task demo`.
 */
import { alignColumns } from "../graph/print.ts";
import { contactSheet } from "../image/contact_sheet.ts";
import type { Image } from "../image/image.ts";
import { psnr } from "../image/metrics.ts";
import { readImage } from "../image/read.ts";
import { defaultModel as model } from "../models/find.ts";
import { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Tokens } from "../tokenizer/tokens.ts";
import { tokenBits } from "../tokenizer/codebook.ts";
import { demoGeneration } from "./demo_generation.ts";
import { describeTokens } from "./describe_tokens.ts";
import type { Io } from "./io.ts";
import { terminal } from "./io.ts";
import { writeImage } from "./image_outputs.ts";

const samples = new URL(`../../models/${model}/samples/`, import.meta.url);
const columns = 8;

/** Runs the demo and writes its contact sheets to `folder`. */
export async function demo(folder: string, io: Io): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(samples))).map(({ name }) => name).sort();
  const images = await Promise.all(names.map((name) => readImage(new URL(name, samples))));

  let start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  await using tokenizer = await Tokenizer.load(model, { signal: io.signal });
  const loading = seconds();
  start = performance.now();
  await tokenizer.reconstruct(images, { signal: io.signal });
  const first = seconds();
  start = performance.now();
  const tokens = await tokenizer.encode(images, { signal: io.signal });
  const encoding = seconds();
  start = performance.now();
  const reconstructions = await tokenizer.decode(tokens, { signal: io.signal });
  const decoding = seconds();

  const path = `${folder}/demo.png`;
  await writeImage(path, contactSheet(sheetRows(images, reconstructions), { scale: 2, gap: 6 }), io);

  const { width, height } = images[0]!, { grid, codebookSize, data } = tokens[0]!;
  io.out(
    `${model}: images of ${width}×${height} become ${describeTokens(tokens[0]!)}.\n`,
  );
  io.out(describe(names, { images, tokens, reconstructions }) + "\n");
  const each = (total: number) => `${(1000 * total / images.length).toFixed(1)} ms an image`;
  io.out(
    alignColumns([
      ["tokens", `the first row of ${nameOf(names[0]!)}: ${data.subarray(0, grid.at(-1)).join(" ")}`],
      [
        "size",
        `${tokenBits(codebookSize) * data.length / 8} bytes an image; as PNG ${await meanBytes(
          names,
        )} bytes on average`,
      ],
      ["load", `${loading.toFixed(2)} s`],
      ["first run", `${first.toFixed(2)} s, including the start of the threads`],
      ["encode", each(encoding)],
      ["decode", each(decoding)],
    ]).join("\n"),
  );
  io.out(`\nSee ${path}: each image with its reconstruction below.`);
  await demoGeneration(model, folder, io);
}

/** Rows of originals, each followed by the row of their reconstructions. */
function sheetRows(images: readonly Image[], reconstructions: readonly Image[]): Image[][] {
  const rows: Image[][] = [];
  for (let i = 0; i < images.length; i += columns) {
    rows.push(images.slice(i, i + columns), reconstructions.slice(i, i + columns));
  }
  return rows;
}

function describe(
  names: readonly string[],
  { images, tokens, reconstructions }: {
    images: readonly Image[];
    tokens: readonly Tokens[];
    reconstructions: readonly Image[];
  },
): string {
  const decibels = images.map((image, i) => psnr(image, reconstructions[i]!));
  const mean = decibels.reduce((sum, value) => sum + value, 0) / decibels.length;
  const rows = names.map((name, i) => {
    const { data } = tokens[i]!;
    return [nameOf(name), decibels[i]!.toFixed(2), `${data.length}`, `${new Set(data).size}`];
  });
  const all = tokens.flatMap(({ data }) => [...data]);
  return alignColumns([
    ["image", "PSNR dB", "tokens", "distinct"],
    ...rows,
    ["all", mean.toFixed(2), `${all.length}`, `${new Set(all).size}`],
  ], [1, 2, 3]).join("\n");
}

async function meanBytes(names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(names.map(async (name) => (await Deno.stat(new URL(name, samples))).size));
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length);
}

function nameOf(file: string): string {
  return file.replace(/\.png$/, "").replaceAll("-", " ");
}

if (import.meta.main) {
  using io = terminal();
  try {
    await demo("out", io);
  } catch (error) {
    io.note(`demo: ${error instanceof Error ? error.message : error}`);
    Deno.exit(io.signal.aborted ? 130 : 1);
  }
}
