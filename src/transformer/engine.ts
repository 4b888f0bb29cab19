import type { Cancellable, Program } from "../backend/backend.ts";
import type { Graph } from "../graph/trace.ts";
import type { TransformerModel } from "../models/transformer_weights.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import { teacherForcedGraph } from "../networks/transformer/network.ts";
import { Engine } from "../runtime/engine.ts";
import type { RuntimeOptions } from "../runtime/options.ts";
import type { HostTensor } from "../tensor/tensor.ts";
import { type StepExtent, stepGraph } from "./step_graph.ts";

/** Programs that are kept: each holds the keys and values of its images. */
const keptPrograms = 2;

/** Inputs of a step that are outputs of the step before. */
const feedback = { pre: "pre", post: "post" };

type Inputs = Readonly<Record<string, HostTensor>>;
type Outputs = Record<string, HostTensor>;

/** A transformer in a backend. */
export class TransformerEngine implements AsyncDisposable {
  readonly config: TransformerConfig;
  readonly #engine: Engine;
  readonly #f16Cache: boolean;

  private constructor(config: TransformerConfig, engine: Engine, { f16Cache }: { f16Cache: boolean }) {
    this.config = config;
    this.#engine = engine;
    this.#f16Cache = f16Cache;
  }

  /** Loads all weights. Throws as `Engine.load` does. */
  static async load(
    { config, source }: TransformerModel,
    { weights: format = "q8", ...options }: RuntimeOptions,
  ): Promise<TransformerEngine> {
    const graphs = [stepGraph(config, { n: 1, guided: false })];
    const engine = await Engine.load({ source, graphs, format, programs: keptPrograms }, options);
    return new TransformerEngine(config, engine, { f16Cache: format !== "f32" });
  }

  /** The name of the backend. */
  get backend(): string {
    return this.#engine.backend.name;
  }

  /** Bytes of the weights as they are stored. */
  get weightBytes(): number {
    return this.#engine.weightBytes;
  }

  /** Positions that are best computed by one call of `steps`: more than one if the backend can chain them. */
  get stepsAtOnce(): number {
    return this.#engine.backend.runsAtOnce ?? 1;
  }

  /** Waits for the right to call `steps` and `teacherForced`, which no other caller has until the lock is disposed. */
  lock(action: string, options?: Cancellable): Promise<Disposable> {
    return this.#engine.lock(action, options);
  }

  /**
   * Runs the step of n images for several positions in a row, see `stepGraph`. Each step after the first reads the tokens
   * that the one before sampled. The caller holds the lock: the program remembers the positions before, also between calls.
   * A backend that can do so computes all steps without returning to the host in between.
   */
  steps(extent: StepExtent, inputs: readonly Inputs[], options: Cancellable): Promise<Outputs[]> {
    return this.#engine.use(`step ${extent.n} ${extent.guided}`, {
      graph: () => this.#stepGraph(extent),
      work: async (program) => {
        if (program.runMany) return await program.runMany(inputs, { feedback, ...options });
        const all: Outputs[] = [];
        for (const step of inputs) {
          const last = all.at(-1);
          const fed = Object.entries(feedback).map((
            [input, output],
          ) => [input, last?.[output] ?? step[input]!]);
          all.push(await program.run({ ...step, ...Object.fromEntries(fed) }, options));
        }
        return all;
      },
    });
  }

  /**
   * Compiles the step of n images as a program with its own keys and values, which runs without the lock. The caller
   * disposes it before the engine.
   */
  compileStep(extent: StepExtent): Promise<Program> {
    return this.#engine.call("generate images", () => this.#engine.compile(this.#stepGraph(extent)));
  }

  /**
   * All positions of n images at once; see `teacherForcedGraph`. The caller holds the lock. Throws `NumericError` for logits
   * that are not finite; `action` completes "Cannot …".
   */
  teacherForced(
    n: number,
    { inputs, action, signal }: { inputs: Inputs; action: string } & Cancellable,
  ): Promise<Outputs> {
    const graph = () => teacherForcedGraph(this.config, { n });
    return this.#engine.run(`teacher ${n}`, { graph, inputs, action, signal });
  }

  /** Waits for the calls under way, then frees memory and, if the engine made the backend, threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#engine[Symbol.asyncDispose]();
  }

  #stepGraph(extent: StepExtent): Graph {
    return stepGraph(this.config, { ...extent, f16Cache: this.#f16Cache });
  }
}
