/**
 * `deno task bench memory [MODEL] [SIDE]`: what large images cost in memory, and what is left of it. MODEL is `emoji-64` or
 * `imagenet_256_L` (default, with made-up weights), SIDE the side of a large image (default 1024).
 *
 * Reconstructs images of 256×256, then two large ones in a row, waits, and repeats. Seconds are medians of the runs in a row,
 * beside those of the first; the resident set is that of the whole process.
 */
import { availableParallelism } from "node:os";
import { createImage } from "../src/image/image.ts";
import { createBackend } from "../src/backend/select.ts";
import { Tokenizer } from "../src/tokenizer/tokenizer.ts";
import { readGolden } from "../tests/golden/golden.ts";
import { hashedModel } from "../tests/golden/tokenizer_golden.ts";
import { median } from "./report.ts";

const small = 256, seconds = 4;
const [model = "imagenet_256_L", side = "1024"] = Deno.args, large = Number(side);
const threads = Math.min(2, availableParallelism());

await using backend = await createBackend("wasm", { threads });
await using tokenizer = model === "emoji-64"
  ? await Tokenizer.load(model, { backend })
  : await Tokenizer.fromWeights(hashedModel(await readGolden(model)), { backend });

console.log(`${model}, ${threads} threads\n`);
print("", "first", "median", "resident set");
report("loaded", []);
report(`5 of ${small}×${small}`, await reconstruct(small, 5));
report(`2 of ${large}×${large}`, await reconstruct(large, 2));
await rest();
report(`5 of ${small}×${small}`, await reconstruct(small, 5));
report(`1 of ${large}×${large}`, await reconstruct(large, 1));
await rest();

/** Seconds of each of `count` runs. */
async function reconstruct(side: number, count: number): Promise<number[]> {
  const image = createImage({ width: side, height: side });
  image.data.forEach((_, i, data) => data[i] = i * 31 + (i >> 9));
  const seconds: number[] = [];
  for (let run = 0; run < count; run++) {
    const start = performance.now();
    await tokenizer.reconstruct(image);
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}

async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  report(`${seconds} seconds of rest`, []);
}

function report(what: string, seconds: readonly number[]): void {
  const times = seconds.length > 0
    ? [seconds[0]!, median(seconds)].map((s) => `${s.toFixed(2)} s`)
    : ["", ""];
  print(what, ...times, `${(Deno.memoryUsage().rss / 1e9).toFixed(2)} GB`);
}

function print(first: string, ...others: string[]): void {
  console.log(first.padEnd(20) + others.map((text) => text.padStart(14)).join(""));
}
