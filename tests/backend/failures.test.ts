import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMachine } from "../../src/backend/wasm/machine.ts";
import { type KernelWorker, spawnKernelWorker, spawnWebWorker } from "../../src/backend/wasm/spawn.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";
import { failureNames, survives } from "./failures.ts";
import { compileAll, inputOf, shortGraph } from "./programs.ts";
import { setups } from "./setups.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("workers that fail");
const missing = setups.find(({ options }) => options.variant === "threads")!.missing;
const each = skipIf(missing, test);

for (const name of failureNames) {
  each(`a worker's ${name} fails one run, five times`, () => survives(name, 5));
}

each("a worker that ends between two runs is replaced unnoticed", async () => {
  const workers: KernelWorker[] = [];
  const spawn: typeof spawnKernelWorker = (data, events) => {
    const worker = spawnKernelWorker(data, events);
    workers.push(worker);
    return worker;
  };
  await using backend = new WasmBackend({}, createMachine({ threads: 2 }, { spawn }));
  const { programs: [program] } = await compileAll(backend, [shortGraph]);
  const expected = await program!.run(inputOf(shortGraph));
  await workers[0]!.terminate();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await program!.run(inputOf(shortGraph)), expected);
  assert.is(workers.length, 4);
});

each("workers that cannot start are an error, and the next run tries again", async () => {
  let broken = true;
  const spawn: typeof spawnKernelWorker = (data, events) => {
    if (broken && data.thread === 1) throw new TypeError("no more workers");
    return spawnKernelWorker(data, events);
  };
  await using backend = new WasmBackend({}, createMachine({ threads: 2 }, { spawn }));
  const { programs: [program] } = await compileAll(backend, [shortGraph]);
  try {
    await program!.run(inputOf(shortGraph));
    assert.unreachable("it ran");
  } catch (error) {
    assert.instance(error, BackendError);
    assert.match((error as Error).message, "no more workers");
  }
  broken = false;
  await program!.run(inputOf(shortGraph));
});

each("Web Workers serve as well as Node's", async () => {
  const options = { threads: 2, variant: "threads" } as const;
  await using backend = new WasmBackend(options, createMachine(options, { spawn: spawnWebWorker }));
  await checkTokenizerGolden(backend, "image_tiny");
});

test.run();
