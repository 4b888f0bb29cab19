/**
 * Averages the transformers of trainings that went on from each other, weight by weight, into another model's folder:
 *
 *     deno run -A tools/emoji_average.ts runs/emoji-64-transformer-{6,7,8}/model out/emoji-64
 *
 * The steps of one training lead round about what all of them are near: the mean is nearer to it.
 */
import { openCheckpoint } from "../src/models/open.ts";
import { writeSafetensors } from "../src/io/safetensors/write.ts";
import { transformerFile } from "../src/models/model_files.ts";

const folders = Deno.args.slice(0, -1), target = Deno.args.at(-1)!;
if (folders.length < 2) {
  console.error("usage: emoji_average.ts <model> <model> … <folder>");
  Deno.exit(2);
}
await using files = new AsyncDisposableStack();
const models = await Promise.all(folders.map((folder) => openCheckpoint(`${folder}/${transformerFile}`)));
models.forEach((model) => files.use(model));
const [{ tensors, metadata }] = models as [typeof models[0]];
await Deno.mkdir(target, { recursive: true });
for await (const { name } of Deno.readDir(folders[0]!)) {
  if (name !== transformerFile) await Deno.copyFile(`${folders[0]}/${name}`, `${target}/${name}`);
}
await writeSafetensors(`${target}/${transformerFile}`, {
  metadata,
  tensors: [...tensors].map(([name, { shape }]) => ({
    name,
    dtype: "f32" as const,
    shape,
    async data() {
      const values = await Promise.all(models.map((model) => model.read(name)));
      const sum = (i: number) => values.reduce((all, one) => all + one[i]!, 0);
      return new Uint8Array(values[0]!.map((_, i) => sum(i) / values.length).buffer);
    },
  })),
});
console.log(`${target}: the mean of ${folders.length} transformers, ${tensors.size} tensors`);
