import { contactSheet } from "../image/contact_sheet.ts";
import type { Image } from "../image/image.ts";
import { generateImages, type GenerationRun, requestOf } from "./generation_run.ts";
import type { Io } from "./io.ts";
import { checkWritable, imagePaths, writeFile, writeImage } from "./outputs.ts";
import { SampleSet } from "./sample_set.ts";

/** Number of images in a row of the contact sheet. */
const sheetColumns = 8;

/** Writes each image to a file, a contact sheet, and generation.json. Returns the number of images. */
export async function writeFiles(run: GenerationRun, io: Io): Promise<number> {
  const { output } = run.options;
  const names = run.images.map(({ index }) => String(index).padStart(5, "0"));
  const paths = await imagePaths(output, { names });
  await checkWritable(`${output}/generation.json`);
  const done: Image[] = [], facts: unknown[] = [];
  for await (const generated of generateImages(run, { done: 0, io })) {
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
  const text = JSON.stringify({ ...requestOf(run), images: facts }, null, 1) + "\n";
  await writeFile(`${output}/generation.json`, new TextEncoder().encode(text));
  return done.length;
}

/** Writes all images to one `.npz` file, or resumes it. Returns the number of images that this call generated. */
export async function writeSet(run: GenerationRun, path: string, io: Io): Promise<number> {
  const { generator, options, images } = run;
  const request = JSON.stringify({ ...requestOf(run), shard: options.shard });
  const set = await SampleSet.open(path, { size: generator.size, total: images.length, request });
  const { done } = set;
  for await (const generated of generateImages(run, { done, io })) {
    await set.add(generated.map(({ image }) => image));
  }
  await set.finish();
  return images.length - done;
}
