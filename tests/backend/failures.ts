import * as assert from "uvu/assert";
import { createMachine, type Machine } from "../../src/backend/wasm/machine.ts";
import { type KernelWorker, type Spawn, spawnKernelWorker } from "../../src/backend/wasm/spawn.ts";
import { tableBytes, writeTable } from "../../src/backend/wasm/table.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import type { Opcode } from "../../src/backend/wasm/_generated_opcodes.ts";
import { compileAll, inputOf, longGraph, shortGraph } from "./programs.ts";

/**
 * A module with the kernels' memory and a function `walk` that loops until the word at address 0 changes. Nothing of the
 * backend's lies there, so that it is for ever, but the test can let it go: not every host ends a worker that loops.
 */
const endless = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 11, 1, 0x60, 7, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0],
  // import "env" "memory", shared, 1 to 65536 pages
  ...[2, 18, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 0x80, 0x80, 4],
  ...[3, 2, 1, 0],
  ...[7, 8, 1, 4, 0x77, 0x61, 0x6c, 0x6b, 0, 0],
  ...[10, 28, 1, 26, 1, 1, 0x7f],
  // local 7 = the word; loop while it is the same
  ...[0x41, 0, 0xfe, 0x10, 2, 0, 0x21, 7],
  ...[0x03, 0x40, 0x41, 0, 0xfe, 0x10, 2, 0, 0x20, 7, 0x46, 0x0d, 0, 0x0b, 0x0b],
]);

/** A backend of two workers that can be made to fail, each failure once. */
interface Patient {
  readonly backend: WasmBackend;
  readonly machine: Machine;
  /** The workers that run now. */
  readonly workers: KernelWorker[];
  /** The module that the next worker to start gets instead of the kernels. */
  nextModule?: WebAssembly.Module;
}

function createPatient(stallSeconds: number): Patient {
  const options = { threads: 2, variant: "threads", stallSeconds } as const;
  const workers: KernelWorker[] = [];
  const spawn: Spawn = (data, events) => {
    const module = patient.nextModule ?? data.module;
    patient.nextModule = undefined;
    const worker = spawnKernelWorker({ ...data, module }, events);
    workers[data.thread] = worker;
    return worker;
  };
  const machine = createMachine(options, { spawn });
  const patient: Patient = { backend: new WasmBackend(options, machine), machine, workers };
  return patient;
}

/** Ways to fail. Each makes a run fail and gives that run. */
const failures: Readonly<
  Record<string, (patient: Patient, long: () => Promise<unknown>) => Promise<unknown>>
> = {
  /** A command that no kernel knows. */
  trap: ({ machine: { heap, runner, exclusive } }) =>
    exclusive(async () => {
      const commands = [{ opcode: 9999 as Opcode, items: 8, args: [] }];
      const table = heap.allocate(tableBytes(commands));
      try {
        writeTable(heap, table, commands);
        await runner.walk({ table, count: 1, scratch: 0, scratchBytes: 0, times: 0 });
      } finally {
        heap.free(table);
      }
    }),
  /** A worker that ends in the middle of a run and says nothing. */
  exit: async ({ workers }, long) => {
    const run = long();
    run.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    await workers[1]!.terminate();
    return await run;
  },
  /** A kernel that does not come to an end. The other worker waits for it at the barrier. */
  loop: async (patient, long) => {
    await Promise.all(patient.workers.map((worker) => worker.terminate()));
    // The pool notices that its workers are gone, and starts others.
    await new Promise((resolve) => setTimeout(resolve, 20));
    patient.nextModule = new WebAssembly.Module(endless);
    return await long();
  },
};

/** The ways to fail that `survives` knows. */
export const failureNames: readonly string[] = Object.keys(failures);

/**
 * Makes the backend fail `times` times in a row: each failure is one failed run with a typed error, and within a second
 * of it the next run is right.
 */
export async function survives(name: string, times: number): Promise<void> {
  const patient = createPatient(name === "loop" ? 0.4 : 30);
  await using backend = patient.backend;
  const { programs: [short, long] } = await compileAll(backend, [shortGraph, longGraph]);
  const runShort = async () => (await short!.run(inputOf(shortGraph))).y! as HostTensor<"f32">;
  const expected = await runShort();
  const allocated = backend.memory.allocated;
  const recoveries: number[] = [];
  for (let i = 0; i < times; i++) {
    let error: unknown;
    try {
      await failures[name]!(patient, () => long!.run(inputOf(longGraph)));
    } catch (thrown) {
      error = thrown;
    }
    assert.instance(error, BackendError, `${name} ${i}: ${error}`);
    const start = performance.now();
    assert.equal((await runShort()).data, expected.data);
    recoveries.push((performance.now() - start) / 1000);
    assert.is(backend.memory.allocated, allocated);
    Atomics.add(patient.machine.heap.i32(0, 1), 0, 1);
  }
  // Half of them, because the machine may be busy with other things.
  const median = recoveries.sort((a, b) => a - b)[times >> 1]!;
  assert.ok(median <= 1, `${name}: the next runs took ${median} s`);
}
