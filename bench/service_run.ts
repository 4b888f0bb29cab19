/**
 * `service_run.ts MODEL SECONDS`: times the library and one client of the service, alternating in one process with the same
 * model, and the library with batches. Prints one line of JSON with the milliseconds of each for each kind of work.
 */
import { createBackend } from "../src/backend/select.ts";
import { serve } from "../src/service/serve.ts";
import { createService } from "../src/service/service.ts";
import { Tokenizer } from "../src/tokenizer/tokenizer.ts";
import { Generator } from "../src/transformer/generator.ts";
import { models, worksOf } from "./service_work.ts";

/** Milliseconds of one kind of work, in pairs. */
export interface Alone {
  readonly name: string;
  readonly library: readonly number[];
  readonly service: readonly number[];
  /** Per image of a batch. */
  readonly batch: readonly number[];
}

const [model = "small", time = "4"] = Deno.args, seconds = Number(time);
const { folder, image: path } = models[model]!;
await using backend = await createBackend("auto");
await using tokenizer = await Tokenizer.load(folder, { backend });
await using generator = await Generator.load(folder, { backend });
await using service = createService({ models: [{ name: model, tokenizer, generator }] });
await using server = await serve(service, { port: 0 });

const all: Alone[] = [];
for (const { name, path: address, init, image, library, batch } of worksOf(await Deno.readFile(path))) {
  const alone = { name, library: [] as number[], service: [] as number[], batch: [] as number[] };
  const ways = {
    library: () => library({ tokenizer, generator }),
    service: async () => await image(await fetch(`http://127.0.0.1:${server.port}${address}`, init)),
  };
  const expected = (await ways.library()).toBase64();
  // The first turns are for warming up.
  for (let turn = 0, end = Infinity; turn < 6 || performance.now() < end; turn++) {
    if (turn === 3) end = performance.now() + 1000 * seconds;
    for (const way of ["library", "service"] as const) {
      const start = performance.now(), file = await ways[way]();
      if (turn >= 3) alone[way].push(performance.now() - start);
      if (file.toBase64() !== expected) {
        throw new Error(`Cannot time a wrong result: ${name} differs from the library`);
      }
    }
  }
  for (let turn = 0, end = Infinity; turn < 2 || performance.now() < end; turn++) {
    if (turn === 1) end = performance.now() + 1000 * seconds;
    const start = performance.now(), { length } = await batch({ tokenizer, generator });
    if (turn > 0) alone.batch.push((performance.now() - start) / length);
  }
  all.push(alone);
}
console.log(JSON.stringify(all));
