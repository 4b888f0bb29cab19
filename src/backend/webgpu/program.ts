import { fuse } from "../../graph/fuse.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { ArgumentError, BackendError } from "../../tensor/errors.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import type {
  ActivationFormat,
  Cancellable,
  CommandTime,
  CompileOptions,
  Program,
  ProgramStats,
  States,
} from "../backend.ts";
import { checkInputs, checkShared, checkState, foreignStates } from "../inputs.ts";
import type { Gpu } from "./gpu.ts";
import { damagedGuards, fillGuards, guardBytes } from "./guards.ts";
import { planLayout } from "./layout.ts";
import { defaultFlopPerSubmit } from "./options.ts";
import { createMemory, destroyMemory, type Memory } from "./memory.ts";
import { type Plan, prepare, type Prepared, storage } from "./prepared.ts";
import type { Session } from "./session.ts";
import { readState, writeState } from "./state_access.ts";
import { timeAll } from "./timing.ts";
import { Transfers } from "./transfers.ts";
import type { WebGpuWeights } from "./weights.ts";
import { submitAll } from "./work.ts";

const action = "run the program";

/**
 * A fused graph as a list of dispatches, each with its pipeline and bind group.
 *
 * What it has on a device is made anew when the device is lost, or when the arena that all programs work in moves.
 */
export class WebGpuProgram implements Program {
  readonly stats: ProgramStats;
  readonly states: States = {
    read: (name) => {
      const state = checkState(this.#plan.graph, name);
      return this.#withState(state, (session, memory) => readState(session, memory, state));
    },
    write: (name, value) => {
      const state = checkState(this.#plan.graph, name, value);
      return this.#withState(state, (session, memory) => writeState(session, memory, value));
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
        flopPerSubmit: gpu.options.flopPerSubmit ?? defaultFlopPerSubmit(session.software),
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
    inputs: Readonly<Record<string, HostTensor>>,
    options: Cancellable = {},
  ): Promise<Record<string, HostTensor>> {
    checkInputs(this.#plan.graph, inputs);
    const [outputs] = await this.#runAll([inputs], { feedback: {}, ...options });
    return outputs!;
  }

  async runMany(
    steps: readonly Readonly<Record<string, HostTensor>>[],
    options: { feedback: Readonly<Record<string, string>> } & Cancellable,
  ): Promise<Record<string, HostTensor>[]> {
    const { graph } = this.#plan, { feedback } = options;
    checkFeedback(graph, feedback);
    const known = Object.fromEntries(Object.keys(feedback).map((name) => [name, steps[0]?.[name]!]));
    for (const inputs of steps) checkInputs(graph, { ...inputs, ...known });
    return await this.#runAll(steps, options);
  }

  profile(inputs: Readonly<Record<string, HostTensor>>): Promise<CommandTime[]> {
    checkInputs(this.#plan.graph, inputs);
    return this.#gpu.exclusive(async (session) => {
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
    const current = this.#prepared;
    if (current?.session === session && current.arena === await session.arena.memory()) return current;
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
    // New memory is all zeros, as states are at first.
    const all = tensorsOf(graph, "state"), shared = this.#sharedStates(all);
    const states = all.filter((state) => !shared.has(state as Tensor));
    this.#states = await session.checked(
      "make room for the program's states",
      () =>
        new Map([
          ...shared,
          ...states.map((state): [Tensor, Memory] => {
            const bytes = (state.attrs.f16 ? 2 : 4) * sizeOf(state.shape);
            return [state as Tensor, createMemory(session, bytes, storage)];
          }),
        ]),
    );
    if (!lost || states.length === 0) return;
    throw new BackendError(`Cannot ${action}: its states were lost with the GPU device`, {
      hint: "begin anew: they are zeros again",
    });
  }

  /** The memory of those of `states` that another program owns. */
  #sharedStates(states: readonly TensorOf<"state">[]): Map<Tensor, Memory> {
    if (!this.#sharing) return new Map();
    const theirs = new Map(
      [...this.#sharing.#states].map(([state, memory]) =>
        [(state as Tensor & TensorOf<"state">).attrs.name, memory] as const
      ),
    );
    return new Map(states.flatMap((state) => {
      const memory = theirs.get(state.attrs.name);
      return memory ? [[state as Tensor, memory] as const] : [];
    }));
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
    steps: readonly Readonly<Record<string, HostTensor>>[],
    { feedback, signal }: { feedback: Readonly<Record<string, string>> } & Cancellable,
  ): Promise<Record<string, HostTensor>[]> {
    const work = this.#gpu.exclusive(async (session) => {
      if (steps.length === 0) return [];
      const prepared = await this.#prepare(session);
      this.#started = true;
      await this.#guard(prepared);
      const { work, results } = await this.#transfers.record(prepared, steps, feedback);
      await submitAll(session, work, { action, flopPerSubmit: this.#plan.flopPerSubmit, signal });
      return await this.#transfers.read(session, results);
    }, signal);
    return signal ? abortable(work, signal) : work;
  }

  async #guard({ session, arena }: Prepared): Promise<void> {
    const { guard, layout } = this.#plan;
    if (guard) await session.checked(action, () => fillGuards(session, layout, arena));
  }
}

/** Whether activations are kept as f16. Throws `BackendError` where they are to be and cannot. */
function f16On({ f16 }: Session, activations: ActivationFormat = "f32"): boolean {
  if (activations === "f32" || f16) return activations === "f16";
  throw new BackendError("Cannot keep activations as f16", {
    expected: "a device with the feature shader-f16",
    got: "one without it",
    hint: "keep them as f32",
  });
}

function checkFeedback(graph: Graph, feedback: Readonly<Record<string, string>>): void {
  for (const [input, output] of Object.entries(feedback)) {
    const from = graph.outputs[output],
      to = tensorsOf(graph, "input").find(({ attrs }) => attrs.name === input);
    if (from && to && from.dtype === to.dtype && sameShape(from.shape, to.shape)) continue;
    throw new ArgumentError(`Cannot run the program: feedback from ${output} to ${input}`, {
      expected: "an output and an input of the same shape and type",
      got: `${from ? formatShape(from.shape) : "no such output"} and ${
        to ? formatShape(to.shape) : "no such input"
      }`,
    });
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
