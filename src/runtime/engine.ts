import type {
  Backend,
  Cancellable,
  Program,
  WeightFormat,
  Weights,
  WeightSource,
} from "../backend/backend.ts";
import { Mutex } from "../backend/mutex.ts";
import { createBackend } from "../backend/select.ts";
import type { Graph } from "../graph/trace.ts";
import { BackendError } from "../tensor/errors.ts";
import type { HostTensor } from "../tensor/tensor.ts";
import { checkFinite, finiteWeights } from "./finite.ts";
import type { RuntimeOptions } from "./options.ts";
import { ProgramCache } from "./program_cache.ts";

/** A model for an engine. */
export interface EngineModel {
  readonly source: WeightSource;
  /** Graphs that together read all weights which the engine's programs will need. */
  readonly graphs: readonly Graph[];
  readonly format: WeightFormat;
  /** Most compiled programs that are kept. */
  readonly programs: number;
}

/** One run of a program. */
export interface EngineRun extends Cancellable {
  /** Makes the program's graph, if the program is not cached. */
  readonly graph: () => Graph;
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** Completes "Cannot …" in errors. */
  readonly action: string;
}

/** A model's weights in a backend with the programs compiled for them. Every model is run by one. */
export class Engine implements AsyncDisposable {
  readonly backend: Backend;
  readonly #weights: Weights;
  readonly #ownsBackend: boolean;
  readonly #programs: ProgramCache;
  readonly #mutex: Mutex = new Mutex();
  readonly #calls: Set<Promise<unknown>> = new Set();
  #disposed: Promise<void> | undefined;

  private constructor(
    parts: { backend: Backend; ownsBackend: boolean; weights: Weights; programs: ProgramCache },
  ) {
    this.backend = parts.backend;
    this.#ownsBackend = parts.ownsBackend;
    this.#weights = parts.weights;
    this.#programs = parts.programs;
  }

  /** Loads all weights. Throws `NumericError` if one is not finite, and what source and backend throw. */
  static async load(
    { source, graphs, format, programs }: EngineModel,
    { backend: chosen, threads, onProgress, signal }: RuntimeOptions,
  ): Promise<Engine> {
    signal?.throwIfAborted();
    const ownsBackend = typeof chosen !== "object";
    const backend = ownsBackend ? await createBackend(chosen, { threads }) : chosen;
    try {
      const weights = await backend.load(finiteWeights(source), { graphs, format, onProgress, signal });
      return new Engine({ backend, ownsBackend, weights, programs: new ProgramCache(programs) });
    } catch (error) {
      if (ownsBackend) await backend[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Bytes of the weights as they are stored. */
  get weightBytes(): number {
    return this.#weights.bytes;
  }

  /**
   * Does work that may overlap with other calls. Disposal waits for it. `action` completes "Cannot …" in the `BackendError`
   * that is thrown if the engine is disposed.
   */
  async call<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    this.#checkInUse(action);
    const call = work();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /**
   * Waits until no other caller holds the lock, which is for programs that remember earlier runs. Disposal waits until all
   * locks are disposed. Throws as `call` does, and the signal's reason.
   */
  async lock(action: string, { signal }: Cancellable = {}): Promise<Disposable> {
    this.#checkInUse(action);
    return await this.#mutex.lock(signal);
  }

  /** Runs the program `key` once. Throws `NumericError` if an output holds NaN or infinity, and what the backend throws. */
  async run(
    key: string,
    { graph, inputs, action, signal }: EngineRun,
  ): Promise<Record<string, HostTensor>> {
    const outputs = await this.use(key, { graph, work: (program) => program.run(inputs, { signal }) });
    for (const { data } of Object.values(outputs)) {
      if (data instanceof Float32Array) checkFinite(data, action);
    }
    return outputs;
  }

  /** Does `work` with the program `key`, which is compiled from `graph` if it is not cached. */
  use<Result>(
    key: string,
    { graph, work }: { graph: () => Graph; work: (program: Program) => Promise<Result> },
  ): Promise<Result> {
    return this.#programs.use(key, { compile: () => this.compile(graph()), work });
  }

  /** Compiles a program that belongs to the caller, who disposes it before the engine. */
  compile(graph: Graph): Promise<Program> {
    return this.backend.compile(graph, this.#weights);
  }

  /** Waits for the calls under way, then frees memory and, if the engine made the backend, threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.#calls);
    using _lock = await this.#mutex.lock();
    await this.#programs[Symbol.asyncDispose]();
    await this.#weights[Symbol.asyncDispose]();
    if (this.#ownsBackend) await this.backend[Symbol.asyncDispose]();
  }

  #checkInUse(action: string): void {
    if (!this.#disposed) return;
    throw new BackendError(`Cannot ${action}`, {
      expected: "a model in use",
      got: "one that was disposed",
      hint: "load it again",
    });
  }
}
