import {
  type Backend,
  type Cancellable,
  type OnProgress,
  type Program,
  type WeightFormat,
  weightFormatNames,
  type Weights,
} from "../backend/backend.ts";
import { type BackendName, createBackend } from "../backend/select.ts";
import type { Graph } from "../graph/trace.ts";
import { ArgumentError, BackendError } from "../tensor/errors.ts";
import type { HostTensor } from "../tensor/tensor.ts";
import { finiteWeights } from "../runtime/finite.ts";
import { ProgramCache } from "../runtime/program_cache.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import { type StepExtent, stepGraph } from "./step_graph.ts";
import { teacherForcedGraph } from "../networks/transformer/network.ts";
import type { TransformerModel } from "../models/transformer_weights.ts";

/** How a transformer is brought into a backend. */
export interface EngineOptions extends Cancellable {
  /** What runs it: a name (default `auto`), or a backend of yours, which is then not disposed with the model. */
  backend?: BackendName | Backend;
  /** Threads of the backend; default: as many as there are processors. */
  threads?: number;
  /**
   * How the transformer's matrices are stored: `f32`, `f16`, `q8`, the default, or `q4`. Keys and values of earlier tokens
   * are kept as f16 where the matrices are not f32.
   */
  weights?: WeightFormat;
  /** Called for each weight that has been loaded. */
  onProgress?: OnProgress;
}

/** Programs that are kept: each holds the keys and values of its images. */
const keptPrograms = 2;

/** Inputs of a step that are the outputs of the one before. */
const feedback = { pre: "pre", post: "post" };

type Inputs = Readonly<Record<string, HostTensor>>;
type Outputs = Record<string, HostTensor>;

/** A transformer's weights in a backend, and its programs. Calls run one after the other. */
export class TransformerEngine implements AsyncDisposable {
  readonly config: TransformerConfig;
  readonly backend: Backend;
  readonly #weights: Weights;
  readonly #ownsBackend: boolean;
  readonly #halves: boolean;
  readonly #programs: ProgramCache = new ProgramCache(keptPrograms);
  #last: Promise<unknown> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  private constructor(
    config: TransformerConfig,
    parts: { backend: Backend; ownsBackend: boolean; weights: Weights; halves: boolean },
  ) {
    this.config = config;
    this.backend = parts.backend;
    this.#ownsBackend = parts.ownsBackend;
    this.#weights = parts.weights;
    this.#halves = parts.halves;
  }

  /** Loads all weights. Throws `NumericError` where one is not finite, and what source and backend throw. */
  static async load(
    { config, source }: TransformerModel,
    { backend: chosen, threads, weights: format = "q8", onProgress, signal }: EngineOptions,
  ): Promise<TransformerEngine> {
    signal?.throwIfAborted();
    if (!weightFormatNames.includes(format)) {
      throw new ArgumentError("Cannot load the transformer: weights", {
        expected: weightFormatNames.join(", "),
        got: String(format),
      });
    }
    const ownsBackend = typeof chosen !== "object";
    const backend = ownsBackend ? await createBackend(chosen, { threads }) : chosen;
    try {
      const graphs = [stepGraph(config, { n: 1, guided: false })];
      const weights = await backend.load(finiteWeights(source), { graphs, format, onProgress, signal });
      return new TransformerEngine(config, { backend, ownsBackend, weights, halves: format !== "f32" });
    } catch (error) {
      if (ownsBackend) await backend[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Bytes of the weights as they are stored. */
  get weightBytes(): number {
    return this.#weights.bytes;
  }

  /** Positions that are best computed in one call of `steps`: more than one where the host need not wait for each. */
  get stepsAtOnce(): number {
    return this.backend.runsAtOnce ?? 1;
  }

  /** Waits for its turn; what it resolves to ends the turn. `action` completes "Cannot …". */
  async turn(action: string): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = before.then(() => promise);
    await before;
    if (!this.#disposed) return resolve;
    resolve();
    throw new BackendError(`Cannot ${action}`, {
      expected: "a model in use",
      got: "one that was disposed",
      hint: "load it again",
    });
  }

  /**
   * Runs the step of so many images for several positions in a row, see `stepGraph`: each after the first takes the
   * tokens that the one before it gave. Only within a turn: its program remembers the positions before. It is kept from
   * call to call, since within a turn no other is used. A backend that can do so computes all of them without coming
   * back to the host between.
   */
  steps(extent: StepExtent, inputs: readonly Inputs[], options: Cancellable): Promise<Outputs[]> {
    return this.#programs.use(`step ${extent.n} ${extent.guided}`, {
      compile: () => this.backend.compile(this.#stepGraph(extent), this.#weights),
      work: async (program) => {
        if (program.runMany) return await program.runMany(inputs, { feedback, ...options });
        const all: Outputs[] = [];
        for (const step of inputs) {
          const fed = Object.entries(feedback).map((
            [input, output],
          ) => [input, all.at(-1)?.[output] ?? step[input]!]);
          all.push(await program.run({ ...step, ...Object.fromEntries(fed) }, options));
        }
        return all;
      },
    });
  }

  /**
   * Compiles the step of so many images as a program of its own, with its own memory of earlier positions, which may be
   * run without a turn. Its user disposes it, before the engine.
   */
  async compileStep(extent: Omit<StepExtent, "halves">): Promise<Program> {
    const end = await this.turn("generate images");
    try {
      return await this.backend.compile(this.#stepGraph(extent), this.#weights);
    } finally {
      end();
    }
  }

  /** All positions of n images at once; see `teacherForcedGraph`. */
  teacherForced(n: number, inputs: Inputs, options: Cancellable): Promise<Outputs> {
    return this.#run(`teacher ${n}`, () => teacherForcedGraph(this.config, { n }), { inputs, options });
  }

  /** Waits for the turns before, then frees memory and, where the engine made the backend, threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose(this.#last);
  }

  #stepGraph(extent: Omit<StepExtent, "halves">): Graph {
    return stepGraph(this.config, { ...extent, halves: this.#halves });
  }

  async #dispose(last: Promise<unknown>): Promise<void> {
    await last;
    await this.#programs[Symbol.asyncDispose]();
    await this.#weights[Symbol.asyncDispose]();
    if (this.#ownsBackend) await this.backend[Symbol.asyncDispose]();
  }

  #run(
    key: string,
    graph: () => Graph,
    { inputs, options }: { inputs: Inputs; options: Cancellable },
  ): Promise<Outputs> {
    return this.#programs.use(key, {
      compile: () => this.backend.compile(graph(), this.#weights),
      work: (program) => program.run(inputs, options),
    });
  }
}
