import { alignColumns } from "../graph/print.ts";
import { contactSheet } from "../image/contact_sheet.ts";
import type { Image } from "../image/image.ts";
import { Generator } from "../transformer/generator.ts";
import type { Io } from "./io.ts";
import { writeImage } from "./image_outputs.ts";
import { progress } from "./progress.ts";

/** Number of images of each class. */
const each = 4;
const seed = 1;

/** Generates images of every class of `model` and writes a contact sheet to `folder`, with a row for each class. */
export async function demoGeneration(model: string, folder: string, io: Io): Promise<void> {
  let start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  await using generator = await Generator.load(model, { signal: io.signal });
  const loading = seconds();
  const names = generator.classNames ?? [], rows: Image[][] = [];
  start = performance.now();
  for (const classId of names.keys()) {
    using bar = progress("Generating classes", io);
    bar.update(classId, names.length);
    const request = { classIds: classId, n: each, first: classId * each, seed, signal: io.signal };
    const images = await generator.generate(request);
    rows.push(images.map(({ image }) => image));
  }
  const generation = seconds();
  const path = `${folder}/generated.png`;
  await writeImage(path, contactSheet(rows, { scale: 2, gap: 6 }), io);
  const { candidates } = generator.sampling, count = names.length * each;
  const tokens = count * candidates * generator.config.grid ** 2;
  io.out(`\nIts transformer generates images of ${names.length} classes: ${names.join(", ")}.\n`);
  io.out(
    alignColumns([
      ["load", `${loading.toFixed(2)} s`],
      [
        "generate",
        `${count} images, each the most likely of ${candidates} candidates, in ${
          generation.toFixed(2)
        } s including decoding`,
      ],
      ["speed", `${(tokens / generation).toFixed(0)} tokens/s with classifier-free guidance`],
    ]).join("\n"),
  );
  io.out(`\nSee ${path}: a row for each class.`);
}
