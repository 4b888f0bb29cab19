import { BackendError } from "../../tensor/errors.ts";
import { kernelModule } from "./builds.ts";
import { CallerThread } from "./caller_thread.ts";
import { chooseVariant, detectFeatures, type Features, type Variant } from "./features.ts";
import { Heap, mostBytes } from "./heap.ts";
import { type IdleLimits, idleLimits } from "../idle.ts";
import { IdleMemory } from "./idle_memory.ts";
import { kernelMemory } from "./kernels.ts";
import type { TrainingKernels } from "./lowering.ts";
import { PolledMutex } from "./polled_mutex.ts";
import { Pool } from "./pool.ts";
import { PoolOrCaller } from "./pool_or_caller.ts";
import type { Runner } from "./runner.ts";
import type { Spawn } from "./spawn.ts";
import { Mutex, type TurnOptions } from "../mutex.ts";
import { Workspace } from "./workspace.ts";

/** How a WASM backend is set up. */
export interface WasmOptions {
  /**
   * Threads; by default as many as the machine has, and 1 where workers do not start or cannot share memory. There, to ask
   * for more is a `BackendError`.
   */
  readonly threads?: number;
  /** The build of the kernels; by default the best that the engine runs. */
  readonly variant?: Variant;
  /** Seconds without any progress after which a run is given up; by default 30. */
  readonly stallSeconds?: number;
  /**
   * Most bytes that a program may work in, beside the weights: by default 2 GiB of the 4 that WASM can address, for
   * training all of them.
   */
  readonly maxArenaBytes?: number;
  /** What programs of training need beside the rest: `trainingKernels` of `training.ts`. Without, they are refused. */
  readonly training?: TrainingKernels;
}

/** Parts of a machine that can be put in the place of the usual ones. */
export interface MachineParts {
  readonly features?: Features;
  readonly spawn?: Spawn;
  /** Guards all memory, to find kernels that read or write where they must not. */
  readonly guarded?: boolean;
  /** When memory is given back that no program needs. */
  readonly idle?: IdleLimits;
}

/** Work may go first in the pauses of other work of which it does at most this share. */
const guestShare = 1 / 8;
/** And where at least this share of the other's memory is left. */
const guestRoom = 1 / 2;

/** Memory, and something that walks command tables in it. */
export interface Machine {
  readonly variant: Variant;
  /** The compiled kernels. Rejects with `BackendError` where the host does not compile them. */
  readonly module: () => Promise<WebAssembly.Module>;
  readonly heap: Heap;
  readonly workspace: Workspace;
  readonly runner: Runner;
  readonly training?: TrainingKernels;
  /**
   * Has the memory and the runner for one piece of work, whose cost is its floating-point operations. Throws `BackendError`
   * once the machine is disposed.
   */
  exclusive<T>(work: () => T | Promise<T>, options?: TurnOptions): Promise<T>;
  /** In a piece of work that takes so many operations and so much of the workspace: lets much shorter work go first. */
  pause(work: { flop: number; bytes: number }): Promise<void>;
  /** The same for giving memory back, which a disposed machine has done already. */
  release(work: () => void, options?: TurnOptions): Promise<void>;
  /** Waits for the work under way, then ends the threads and lets go of the memory. */
  dispose(): Promise<void>;
}

/** Sets a machine up. Throws `BackendError` where the engine lacks what is needed. */
export function createMachine(
  { threads: wanted, variant: asked, stallSeconds = 30, training, maxArenaBytes }: WasmOptions = {},
  { features = detectFeatures(), spawn, guarded, idle: limits = idleLimits }: MachineParts = {},
): Machine {
  const processors = globalThis.navigator?.hardwareConcurrency ?? 1;
  const { variant, threads } = chooseVariant(features, { variant: asked, threads: wanted, processors });
  const module = () => kernelModule(variant, training?.build);
  const heap = new Heap(kernelMemory(variant), { guarded });
  const workspace = new Workspace(heap, { most: maxArenaBytes ?? (training ? mostBytes : mostBytes / 2) });
  const runner = createRunner();
  const mutex: Mutex = variant === "threads" ? new Mutex() : new PolledMutex();
  const idle = new IdleMemory({
    heap,
    workspace,
    runner,
    mutex,
    limits,
    newMemory: () => kernelMemory(variant),
    kept: training !== undefined,
  });
  let disposed: Promise<void> | undefined;

  function createRunner(): Runner {
    if (variant !== "threads") return new CallerThread(heap, { module });
    const options = { module, threads, stallSeconds, spawn };
    // Who asks for several threads is told if they cannot be had.
    return wanted !== undefined && wanted > 1 ? new Pool(heap, options) : new PoolOrCaller(heap, options);
  }

  return {
    variant,
    module,
    heap,
    workspace,
    runner,
    training,
    exclusive(work, options) {
      if (!disposed) return mutex.run(() => idle.after(work), options);
      return Promise.reject(
        new BackendError("Cannot use the WASM backend", {
          got: "one that was disposed",
          hint: "keep it until the last run has ended",
        }),
      );
    },
    async pause({ flop, bytes }) {
      const cost = flop * guestShare, room = mostBytes - heap.allocated;
      // A guest that lacks memory would fail, where it only had to wait.
      if (disposed || room < bytes * guestRoom || !mutex.hasGuests(cost)) return;
      await workspace.aside(() => mutex.pause(cost));
    },
    release: async (work, options) =>
      disposed ? await disposed : await mutex.run(() => idle.after(work), options),
    dispose: () =>
      disposed ??= mutex.run(async () => {
        await runner.dispose();
        await idle.dispose();
      }),
  };
}
