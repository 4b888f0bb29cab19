/**
 * `service_run.ts SECONDS`: times the library and one client of the service, alternating in one process with the same
 * models. Prints one line of JSON with the milliseconds of both for each kind of work.
 */
import { createBackend } from "../src/backend/select.ts";
import { serve } from "../src/service/serve.ts";
import { createService } from "../src/service/service.ts";
import { Tokenizer } from "../src/tokenizer/tokenizer.ts";
import { Generator } from "../src/transformer/generator.ts";
import { smallModel } from "../tests/support/small_model.ts";
import { works } from "./service_work.ts";

/** Milliseconds of one kind of work, in pairs. */
export interface Alone {
  readonly name: string;
  readonly library: readonly number[];
  readonly service: readonly number[];
}

const seconds = Number(Deno.args[0] ?? 4);
await using backend = await createBackend("auto");
await using tokenizer = await Tokenizer.load(smallModel, { backend });
await using generator = await Generator.load(smallModel, { backend });
await using service = createService({ models: [{ name: "small", tokenizer, generator }] });
await using server = await serve(service, { port: 0 });

const all: Alone[] = [];
for (const { name, path, init, image, library } of works) {
  const alone: { name: string; library: number[]; service: number[] } = { name, library: [], service: [] };
  const ways = {
    library: () => library({ tokenizer, generator }),
    service: async () => await image(await fetch(`http://127.0.0.1:${server.port}${path}`, init)),
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
  all.push(alone);
}
console.log(JSON.stringify(all));
