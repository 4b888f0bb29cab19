/**
 * Counts how many generated images are memorised images of the data, class by class:
 *
 *     deno run -A tools/emoji_recall.ts models/emoji-64 out/emoji-64.npz 8
 *
 * Prints for each class how many generated images have a PSNR of 22 dB or more to an image of the data (an image decoded
 * from its own tokens has 28 dB on average), how many different images of the data those are, and the median PSNR.
 */
import { alignColumns } from "../src/graph/print.ts";
import { psnr } from "../src/image/metrics.ts";
import { ImageReader } from "../src/data/image_reader.ts";
import { openImages } from "../src/data/open_images.ts";
import { Generator } from "../src/transformer/generator.ts";

const [model, data, number = "8"] = Deno.args;
if (!model || !data || !(Number(number) > 0)) {
  console.error("usage: emoji_recall.ts <model> <file.npz> [generations of each class]");
  Deno.exit(2);
}
await using generator = await Generator.load(model);
await using source = await openImages(data);
await using reader = new ImageReader(source);
const square = { size: generator.size, crop: "center", mirrored: false } as const;
const known = await Promise.all(
  Array.from({ length: source.length }, async (_, i) => (await reader.read(i, square))!),
);
const n = Number(number), rows = [["class", "again", "of", "different", "median dB"]], all = [0, 0, 0];
for (const [classIds, name] of generator.classNames!.entries()) {
  const nearest = (await generator.generate({ classIds, n, seed: 5 })).map(({ image }) => {
    const each = known.map((other) => psnr(other, image)), most = each.reduce((a, b) => Math.max(a, b));
    return { index: each.indexOf(most), most };
  }).sort((a, b) => a.most - b.most);
  const again = nearest.filter(({ most }) => most >= 22);
  const counts = [again.length, n, new Set(again.map(({ index }) => index)).size];
  counts.forEach((count, i) => all[i]! += count);
  rows.push([name, ...counts.map(String), nearest[n >> 1]!.most.toFixed(1)]);
}
console.log(alignColumns([...rows, ["all", ...all.map(String), ""]], [1, 2, 3, 4]).join("\n"));
