/**
 * Tells how well transformers know the images, class by class: cross-entropy in nats an image, and over all in nats
 * a token. The tokens are those that a training keeps in its folder:
 *
 *     deno run -A tools/emoji_nats.ts runs/emoji-64-transformer-8/tokens.safetensors models/emoji-64 …
 */
import { WasmBackend } from "../src/backend/wasm/wasm_backend.ts";
import { trainingParts } from "../src/backend/training.ts";
import { alignColumns } from "../src/graph/print.ts";
import { f32Tensor } from "../src/tensor/tensor.ts";
import { openTokenSet } from "../src/data/open_token_set.ts";
import { evaluateTransformer } from "../src/train/stages/transformer_evaluation.ts";
import { openGenerative, transformerOf } from "../src/models/open_generative.ts";

const [tokens, ...folders] = Deno.args;
if (!tokens || folders.length === 0) {
  console.error("usage: emoji_nats.ts <tokens.safetensors> <model> …");
  Deno.exit(2);
}
await using set = await openTokenSet(tokens);
await using backend = new WasmBackend({ training: trainingParts.wasm });
const labels = [...set.labels!], positions = set.grid[0] * set.grid[1];
const rows = [
  ["class", "images", ...folders],
  ...set.classes.map((name, label) => {
    return [name, `${labels.filter((one) => one === label).length}`];
  }),
  ["all, a token", `${set.length}`],
];
for (const folder of folders) {
  await using files = await openGenerative(folder);
  const { config, source } = transformerOf(files);
  const states = {
    read: async (name: string) => f32Tensor(source.shapes.get(name)!, await source.read(name)),
  };
  let sum = 0;
  for (const label of set.classes.keys()) {
    const own = [...labels.keys()].filter((i) => labels[i] === label), { length } = own;
    const classed = {
      ...set,
      length,
      labels: new Uint32Array(length).fill(label),
      read: (i: number, options: { mirrored: boolean }) => set.read(own[i]!, options),
    };
    const { evaluation_loss } = await evaluateTransformer(config, {
      backend,
      states,
      set: classed,
      length,
      batch: 8,
    });
    rows[label + 1]!.push((evaluation_loss * positions).toFixed(1));
    sum += evaluation_loss * length;
  }
  rows.at(-1)!.push((sum / set.length).toFixed(3));
}
console.log(alignColumns(rows, rows[0]!.map((_, i) => i).slice(1)).join("\n"));
