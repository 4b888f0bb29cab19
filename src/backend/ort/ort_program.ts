import { flopOf } from "../../graph/flop.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { exportOnnx, nextOf } from "../../onnx/export.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import type { Cancellable, CommandTime, Program, ProgramStats, States } from "../backend.ts";
import { checkShared, type NamedTensors, stateOf, takeRun, valueFor } from "../inputs.ts";
import { foreignStates } from "../requests.ts";
import type { Mutex } from "../mutex.ts";
import type { OrtRuntime, OrtSession, OrtSessionOptions, OrtTensor } from "./runtime.ts";
import { fromHost, toHost, zeros } from "./tensors.ts";

/** What a program is made with. */
interface Parts {
  readonly runtime: OrtRuntime;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly session: OrtSessionOptions;
  /** Held while the runtime works. */
  readonly mutex: Mutex;
  readonly states?: Program;
  readonly released: (program: OrtProgram) => void;
}

/** Values of states, by name. Programs that share one have the same cell. */
type Cells = ReadonlyMap<string, { value: OrtTensor }>;

/** A graph in a session of ONNX Runtime. */
export class OrtProgram implements Program {
  readonly stats: ProgramStats;
  readonly #graph: Graph;
  readonly #session: OrtSession;
  /** Names of the graph's inputs, and of the session's, which also takes states. */
  readonly #given: readonly string[];
  readonly #inputs: ReadonlySet<string>;
  readonly #cells: Cells;
  readonly #parts: Parts;
  #disposed: Promise<void> | undefined;

  private constructor(
    graph: Graph,
    { session, inputs, cells, parts }: {
      session: OrtSession;
      inputs: ReadonlySet<string>;
      cells: Cells;
      parts: Parts;
    },
  ) {
    const flop = graph.tensors.reduce((sum, tensor) => sum + flopOf(tensor), 0);
    this.stats = { flop, arenaBytes: 0, liveBytes: 0, commands: graph.tensors.length };
    this.#graph = graph;
    this.#given = tensorsOf(graph, "input").map(({ attrs: { name } }) => name);
    this.#session = session;
    this.#inputs = inputs;
    this.#cells = cells;
    this.#parts = parts;
  }

  /** Exports the graph and opens it. Throws `ArgumentError` for what cannot be exported, `BackendError`. */
  static async create(graph: Graph, parts: Parts): Promise<OrtProgram> {
    const { runtime, weights, states } = parts;
    if (states && !(states instanceof OrtProgram && states.#parts.mutex === parts.mutex)) {
      throw foreignStates();
    }
    if (states) checkShared(graph, states.#graph);
    const shared = states && states.#cells;
    const cells: Cells = new Map(
      tensorsOf(graph, "state").map(({ attrs }) => [
        attrs.name,
        shared?.get(attrs.name) ?? { value: zeros(attrs, runtime) },
      ]),
    );
    const read = (name: string) => Promise.resolve(weights.get(name)!);
    const model = exportOnnx(graph, { read }), bytes = await model.bytes();
    const session = await working(
      "compile the graph",
      () => runtime.InferenceSession.create(bytes, parts.session),
    );
    const inputs = new Set(model.inputs.map(({ name }) => name));
    return new OrtProgram(graph, { session, inputs, cells, parts });
  }

  get states(): States {
    const { runtime, mutex } = this.#parts;
    return {
      read: async (name) => {
        stateOf(this.#graph, name);
        return await mutex.run(() => toHost(this.#cells.get(name)!.value));
      },
      write: async (name, value) => {
        const fit = valueFor(stateOf(this.#graph, name), value);
        await mutex.run(() => void (this.#cells.get(name)!.value = fromHost(fit, runtime)));
      },
    };
  }

  async run(
    given: NamedTensors,
    options: Cancellable = {},
  ): Promise<Record<string, HostTensor>> {
    const inputs = takeRun(this.#graph, given, options);
    return await this.#parts.mutex.run(() => this.#run(inputs), options);
  }

  async profile(inputs: NamedTensors): Promise<CommandTime[]> {
    const start = performance.now();
    await this.run(inputs);
    return [{ kernel: "all", seconds: (performance.now() - start) / 1000, flop: this.stats.flop }];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#parts.mutex.run(async () => {
      this.#parts.released(this);
      await this.#session.release();
    });
  }

  async #run(inputs: NamedTensors): Promise<Record<string, HostTensor>> {
    if (this.#disposed) {
      throw new BackendError("Cannot run the program", {
        expected: "one in use",
        got: "one that was disposed",
      });
    }
    const feeds = Object.fromEntries(
      this.#given.map((name) => [name, fromHost(inputs[name]!, this.#parts.runtime)]),
    );
    for (const [name, { value }] of this.#cells) if (this.#inputs.has(name)) feeds[name] = value;
    const results = await working("run the program", () => this.#session.run(feeds));
    for (const [name, cell] of this.#cells) cell.value = results[nextOf(name)] ?? cell.value;
    return Object.fromEntries(
      Object.keys(this.#graph.outputs).map((name) => {
        // The export calls an output apart from an input of the same name.
        return [name, toHost(results[this.#given.includes(name) ? nextOf(name) : name]!)];
      }),
    );
  }
}

/** Does work of the runtime. Throws `BackendError` for its errors; `action` completes "Cannot …". */
async function working<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new BackendError(`Cannot ${action}`, {
      got: `an error of ONNX Runtime: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}
