import { availableParallelism } from "node:os";
import type { Backend } from "../src/backend/backend.ts";
import { ReferenceBackend } from "../src/backend/reference/reference_backend.ts";
import { trainingKernels } from "../src/backend/wasm/training.ts";
import { WasmBackend } from "../src/backend/wasm/wasm_backend.ts";
import type { HostTensor } from "../src/tensor/tensor.ts";
import { initializeStates } from "../src/train/initialize_states.ts";
import { TrainingProgram } from "../src/train/training_program.ts";
import type { TrainingStep } from "../src/train/training_step.ts";
import { nmse } from "../tests/golden/golden.ts";
import { hashedWeight } from "../tests/golden/hashed.ts";
import { hashedWeights } from "../tests/golden/tokenizer_golden.ts";
import { fmaPeak } from "./machine/limits.ts";
import { kernelTable, median } from "./report.ts";

/** A training program, and the inputs of each step, counted from 1. */
export interface Training {
  readonly step: TrainingStep;
  inputs(step: number): Record<string, HostTensor>;
}

/** Compares a small step with the reference backend, then times steps on the WASM backend and prints the results. */
export async function benchTraining(
  title: string,
  { large, small, runs }: { large: Training; small: Training; runs: number },
): Promise<void> {
  await validate(small);
  const threads = Math.min(2, availableParallelism());
  const before = Deno.memoryUsage().rss;
  await using backend = new WasmBackend({ threads, training: trainingKernels });
  await using program = await begun(backend, large);
  await program.run(large.inputs(1));
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const inputs = large.inputs(run + 2), start = performance.now();
    await program.run(inputs);
    seconds.push((performance.now() - start) / 1000);
  }
  const resident = Deno.memoryUsage().rss;
  const last = large.inputs(runs + 2);
  const commands = [...await program.gradients.profile(last), ...await program.application.profile(last)];
  const peak = await fmaPeak();

  const { flop, arenaBytes, liveBytes, commands: count } = program.stats, step = median(seconds);
  console.log(
    `${title}, ${threads} threads, the median of ${runs} steps; GFLOP are those of direct convolutions`,
  );
  console.log(`fused multiply-adds of one core: ${(peak / 1e9).toFixed(1)} GFLOP/s\n`);
  const rate = `${(flop / step / 1e9).toFixed(0)} GFLOP/s, ${
    (100 * flop / step / peak / threads).toFixed(0)
  }%`;
  console.log(
    `${step.toFixed(3)} s per step (best ${Math.min(...seconds).toFixed(3)} s): ${rate} of the peak`,
  );
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(
    `resident set ${megabytes(resident)}, of which ${megabytes(before)} before the backend was made; ` +
      `arena ${megabytes(arenaBytes)} (live ${megabytes(liveBytes)}); ${count} commands\n`,
  );
  kernelTable("kernel", commands, threads * peak);
}

/** Throws if the outputs or parameters after a step differ from those of the reference backend. */
async function validate(training: Training): Promise<void> {
  await using wasm = new WasmBackend({ threads: 2, training: trainingKernels });
  await using reference = new ReferenceBackend();
  const [ours, theirs] = [await begun(wasm, training), await begun(reference, training)];
  const [found, expected] = [await ours.run(training.inputs(1)), await theirs.run(training.inputs(1))];
  for (const [name, { data }] of Object.entries(expected)) {
    const error = Math.abs(found[name]!.data[0]! / data[0]! - 1);
    if (!(error <= 1e-3 || data[0] === 0)) {
      throw new Error(`Cannot time a wrong step: ${name} is off by ${error}`);
    }
  }
  for (const name of training.step.parameters.keys()) {
    const [state, should] = [await ours.states.read(name), await theirs.states.read(name)];
    const error = nmse(state.data, should.data);
    if (!(error <= 1e-4)) throw new Error(`Cannot time a wrong step: NMSE of ${name} is ${error}`);
  }
}

async function begun(backend: Backend, { step }: Training): Promise<TrainingProgram> {
  const weights = await backend.load(hashedWeights([]), { graphs: [step.gradients] });
  const program = await TrainingProgram.compile(backend, step, { weights });
  await initializeStates(program.states, step, {
    shapes: new Map(),
    read: (name) => Promise.resolve(hashedWeight(name, step.parameters.get(name)!.shape)),
  });
  return program;
}
