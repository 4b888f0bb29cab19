import { fuse } from "../../graph/fuse.ts";
import type { Tensor } from "../../graph/ops.ts";
import type { Graph } from "../../graph/trace.ts";
import { BackendError } from "../../tensor/errors.ts";
import { cancellable, checkOptions, type Kinds, record, required } from "../../tensor/options.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import type { Cancellable, CommandTime, CompileOptions, Program, ProgramStats, States } from "../backend.ts";
import {
  checkShared,
  type NamedTensors,
  stateOf,
  takeInputs,
  takeRun,
  takeSteps,
  valueFor,
} from "../inputs.ts";
import { foreignStates } from "../requests.ts";
import type { Gpu } from "./gpu.ts";
import { damagedGuards, fillGuards, guardBytes } from "./guards.ts";
import { planLayout } from "./layout.ts";
import { destroyMemory, type Memory } from "./memory.ts";
import { type Plan, prepare, type Prepared } from "./prepared.ts";
import { f16On } from "./activations.ts";
import type { Session } from "./session.ts";
import { createStates, readState, writeState } from "./state_access.ts";
import { timeAll } from "./timing.ts";
import { Transfers } from "./transfers.ts";
import type { WebGpuWeights } from "./weights.ts";
import { submitAll } from "./work.ts";

const action = "run the program";

const manyKinds: Kinds<{ feedback: Readonly<Record<string, string>> } & Cancellable> = {
  feedback: required(record),
  ...cancellable,
};

/**
 * A fused graph as a list of dispatches, each with its pipeline and bind group.
 *
 * Its pipelines and bind groups are recreated when the device is lost, and its bind groups when the arena moves.
 */
export class WebGpuProgram implements Program {
  readonly stats: ProgramStats;
  readonly states: States = {
    read: async (name) => {
      const state = stateOf(this.#plan.graph, name);
      return await this.#withState(state, (session, memory) => readState(session, memory, state));
    },
    write: async (name, value) => {
      const state = stateOf(this.#plan.graph, name), fit = valueFor(state, value);
      await this.#withState(state, (session, memory) => writeState(session, memory, fit));
    },
  };
  readonly #gpu: Gpu;
  readonly #plan: Omit<Plan, "states">;
  readonly #transfers: Transfers;
  #prepared: Prepared | undefined;
  /** The session in which the program has its place in the arena, its states and its transfers. */
  #home: Session | undefined;
  /** Whether it ran since its states were zeros. */
  #started = false;
  #states: Map<Tensor, Memory> = new Map();
  /** The program whose states this one shares. */
  readonly #sharing: WebGpuProgram | undefined;
  #disposed = false;

  private constructor(gpu: Gpu, plan: Omit<Plan, "states">, sharing: WebGpuProgram | undefined) {
    this.#sharing = sharing;
    this.#gpu = gpu;
    this.#plan = plan;
    this.#transfers = new Transfers(plan.graph);
    const { commands, plan: arena } = plan.layout;
    this.stats = {
      flop: commands.reduce((sum, { flop }) => sum + flop, 0),
      arenaBytes: arena.bytes,
      liveBytes: arena.liveBytes,
      commands: commands.length,
    };
  }

  /** Plans and prepares. Throws `BackendError` where the device cannot run the program. */
  static compile(
    graph: Graph,
    { gpu, weights, states, activations = gpu.options.activations }: CompileOptions & {
      gpu: Gpu;
      weights: WebGpuWeights;
    },
  ): Promise<WebGpuProgram> {
    const fused = fuse(graph), sharing = states;
    if (sharing && !(sharing instanceof WebGpuProgram && sharing.#gpu === gpu)) throw foreignStates();
    if (sharing) checkShared(fused, sharing.#plan.graph);
    return gpu.exclusive(async (session) => {
      const guard = gpu.parts.guarded ? guardBytes : 0;
      const program = new WebGpuProgram(gpu, {
        graph: fused,
        layout: planLayout(fused, {
          target: {
            tiling: session.tiling,
            software: session.software,
            f16: session.f16,
            workgroupBytes: session.device.limits.maxComputeWorkgroupStorageSize,
            training: gpu.options.training,
            format: (name) => weights.format(name),
          },
          align: session.align,
          guard,
          f16: f16On(session, activations),
        }),
        weights,
        flopPerSubmit: gpu.options.flopPerSubmit ?? session.pace.flopPerSubmit,
        guard,
      }, sharing);
      try {
        await program.#prepare(session);
      } catch (error) {
        program.#leave(session);
        throw error;
      }
      return program;
    });
  }

  async run(
    given: NamedTensors,
    options: Cancellable = {},
  ): Promise<Record<string, HostTensor>> {
    const inputs = takeRun(this.#plan.graph, given, options);
    const [outputs] = await this.#runAll([inputs], { feedback: {}, ...options });
    return outputs!;
  }

  async runMany(
    steps: readonly NamedTensors[],
    options: { feedback: Readonly<Record<string, string>> } & Cancellable,
  ): Promise<Record<string, HostTensor>[]> {
    checkOptions(options, manyKinds, action);
    return await this.#runAll(takeSteps(this.#plan.graph, steps, options.feedback), options);
  }

  async profile(given: NamedTensors): Promise<CommandTime[]> {
    const inputs = takeInputs(this.#plan.graph, given);
    return await this.#gpu.exclusive(async (session) => {
      const prepared = await this.#prepare(session);
      this.#started = true;
      await this.#transfers.record(prepared, [inputs], {});
      const times = this.#plan.layout.commands.map(({ kernel, flop }) => ({ kernel, flop, seconds: 0 }));
      const seconds = await timeAll(session, prepared.dispatches);
      prepared.dispatches.forEach(({ command }, i) => times[command]!.seconds += seconds[i]!);
      return times;
    });
  }

  /** Where a guarded program's last run wrote and must not have: names of tensors and scratch buffers. */
  damaged(): Promise<string[]> {
    return this.#gpu.exclusive(async (session) =>
      await damagedGuards(session, this.#plan.layout, (await this.#prepare(session)).arena)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#gpu.release((session) => this.#leave(session));
  }

  #checkUse(): void {
    if (!this.#disposed) return;
    throw new BackendError(`Cannot ${action}`, {
      got: "one that was disposed",
      hint: "keep it until its last run has ended",
    });
  }

  #withState<T>(state: Tensor, work: (session: Session, memory: Memory) => Promise<T>): Promise<T> {
    return this.#gpu.exclusive(async (session) => {
      await this.#prepare(session);
      // From now on it is not all zeros, which a lost device would give back.
      this.#started = true;
      return await work(session, this.#states.get(state)!);
    });
  }

  async #prepare(session: Session): Promise<Prepared> {
    this.#checkUse();
    // Settles the states that this program shares; bind groups of the other one may wait until it runs.
    if (this.#sharing) await this.#sharing.#bring(session);
    await this.#plan.weights.bring(session);
    if (this.#home !== session) await this.#settle(session);
    const current = this.#prepared, arena = await session.arena.memory(this.#plan.layout.plan.bytes);
    if (current?.session === session && current.arena === arena) return current;
    this.#prepared = undefined;
    for (const memory of current?.own ?? []) destroyMemory(session, memory);
    return this.#prepared = await prepare(session, { ...this.#plan, states: this.#states });
  }

  /** Makes sure that the states are on a device. */
  async #bring(session: Session): Promise<void> {
    this.#checkUse();
    if (this.#sharing) await this.#sharing.#bring(session);
    if (this.#home !== session) await this.#settle(session);
    // Whoever shares the states may write them.
    this.#started = true;
  }

  /** Takes a place on a device. */
  async #settle(session: Session): Promise<void> {
    const { graph, layout } = this.#plan, lost = this.#home !== undefined && this.#started;
    session.arena.add(layout.plan.bytes);
    this.#home = session;
    this.#started = false;
    this.#transfers.forget();
    this.#states = new Map();
    const shared = this.#sharing ? this.#sharing.#states : new Map<Tensor, Memory>();
    this.#states = await createStates(session, graph, shared);
    if (!lost || this.#states.size === 0) return;
    throw new BackendError(`Cannot ${action}: its states were lost with the GPU device`, {
      hint: "start again: they are zeros",
    });
  }

  #leave(session: Session): void {
    if (this.#home === session) {
      const shared = new Set(this.#sharing ? this.#sharing.#states.values() : []);
      const states = [...this.#states.values()].filter((memory) => !shared.has(memory));
      const all = [...this.#prepared?.own ?? [], ...states, ...this.#transfers.forget()];
      for (const memory of all) destroyMemory(session, memory);
      session.arena.remove(this.#plan.layout.plan.bytes);
    }
    this.#prepared = this.#home = undefined;
  }

  #runAll(
    steps: readonly NamedTensors[],
    { feedback, signal }: { feedback: Readonly<Record<string, string>> } & Cancellable,
  ): Promise<Record<string, HostTensor>[]> {
    const work = this.#gpu.exclusive(async (session) => {
      if (steps.length === 0) return [];
      const prepared = await this.#prepare(session);
      this.#started = true;
      await this.#guard(prepared);
      const { work, results } = await this.#transfers.record(prepared, steps, feedback);
      const { pace } = session, { flopPerSubmit = pace.flopPerSubmit } = this.#gpu.options;
      const start = performance.now();
      await submitAll(session, work, { action, flopPerSubmit, signal });
      const outputs = await this.#transfers.read(session, results);
      pace.learn(steps.length * this.stats.flop, (performance.now() - start) / 1000);
      return outputs;
    }, signal);
    return signal ? abortable(work, signal) : work;
  }

  async #guard({ session, arena }: Prepared): Promise<void> {
    const { guard, layout } = this.#plan;
    if (guard) await session.checked(action, () => fillGuards(session, layout, arena));
  }
}

/** Rejects as soon as `signal` is aborted; the work ends by itself. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  return promise;
}
