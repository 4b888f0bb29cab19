import { contactSheet } from "../image/contact_sheet.ts";
import type { Image } from "../image/image.ts";
import { generateImages, type GenerationRun, requestOf } from "./generation_run.ts";
import { imagePaths, isImageFolder, writeImage } from "./image_outputs.ts";
import type { Io } from "./io.ts";
import { checkOutputs, writeFile } from "./outputs.ts";
import { joined } from "./paths.ts";
import { SampleSet } from "./sample_set.ts";

/** Number of images in a row of the contact sheet. */
const sheetColumns = 8;

/** The file that describes a generation: `generation.json` in a folder, or the only image itself. */
export async function descriptionOf(output: string): Promise<string> {
  return await isImageFolder(output) ? joined(output, "generation.json") : output;
}

/**
 * Writes each image to a file of the output folder, with a contact sheet and generation.json; or the only image to the
 * output file. Returns the number of images.
 */
export async function writeFiles(run: GenerationRun, io: Io): Promise<number> {
  const { output } = run.options, description = await descriptionOf(output);
  const names = run.images.map(({ index }) => String(index).padStart(5, "0"));
  const paths = await imagePaths(output, { names }), sheet = joined(output, "sheet.png");
  const isFolder = description !== output;
  await checkOutputs(isFolder ? [...paths, sheet, description] : paths, run.options, io);
  const done: Image[] = [], facts: unknown[] = [];
  for await (const generated of generateImages(run, { done: 0, io })) {
    for (const { image, index, classId, className, tokens } of generated) {
      await writeImage(paths[done.length]!, image, io);
      const file = `${names[done.length]}.png`;
      done.push(image);
      facts.push({ file, index, classId, className, tokens: [...tokens.data] });
    }
  }
  if (!isFolder) return done.length;
  const rows = Array.from(
    { length: Math.ceil(done.length / sheetColumns) },
    (_, row) => done.slice(row * sheetColumns, (row + 1) * sheetColumns),
  );
  if (done.length > 0) await writeImage(sheet, contactSheet(rows, { gap: 4 }), io);
  const text = JSON.stringify({ ...requestOf(run), images: facts }, null, 1) + "\n";
  await writeFile(description, new TextEncoder().encode(text), io);
  return done.length;
}

/** Writes all images to one `.npz` file, or resumes it. Returns the number of images that this call generated. */
export async function writeSet(run: GenerationRun, io: Io): Promise<number> {
  const { generator, options, images } = run;
  const request = JSON.stringify({ ...requestOf(run), shard: options.shard });
  const set = await SampleSet.open(options.output, { size: generator.size, total: images.length, request });
  const { done } = set;
  for await (const generated of generateImages(run, { done, io })) {
    await set.add(generated.map(({ image }) => image));
  }
  await set.finish();
  return images.length - done;
}
