import type { Tensor } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { roundTo } from "../../tensor/quantize.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type {
  Backend,
  Cancellable,
  CommandTime,
  CompileOptions,
  LoadOptions,
  Program,
  States,
  Weights,
  WeightSource,
} from "../backend.ts";
import { checkActivations, weightFormats } from "../formats.ts";
import { countBytes } from "../progress.ts";
import { checkShared, type NamedTensors, stateOf, takeRun, valueFor } from "../inputs.ts";
import { checkCompile, checkLoad, foreignStates, foreignWeights, readWeight } from "../requests.ts";
import { type ComputedOp, evaluate } from "./evaluate.ts";

/** Plain TypeScript: slow and single-threaded. The results of every other backend are tested against it. */
export class ReferenceBackend implements Backend {
  readonly name = "reference";

  async load(source: WeightSource, options: LoadOptions): Promise<Weights> {
    checkLoad(source, options);
    const { graphs, format = "f32", onProgress, signal } = options;
    const params = graphs.flatMap((graph) => tensorsOf(graph, "param"));
    const shapes = new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
    const formats = weightFormats(graphs, format);
    const count = countBytes(shapes.values(), onProgress);
    const values = new Map<string, HostTensor>();
    for (const [name, shape] of shapes) {
      signal?.throwIfAborted();
      const weight = await readWeight(source, { name, shape });
      values.set(name, f32Tensor(shape, roundTo(formats.get(name) ?? "f32", weight, shape.at(-1)!)));
      count(shape);
    }
    return new ReferenceWeights(this, values);
  }

  // deno-lint-ignore require-await -- Errors reject.
  async compile(graph: Graph, weights: Weights, options: CompileOptions = {}): Promise<Program> {
    checkCompile(graph, options);
    checkActivations(options, this.name);
    if (!(weights instanceof ReferenceWeights && weights.backend === this)) throw foreignWeights(weights);
    return new ReferenceProgram(graph, weights, options.states);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

class ReferenceWeights implements Weights {
  readonly backend: Backend;
  readonly values: ReadonlyMap<string, HostTensor>;

  constructor(backend: Backend, values: ReadonlyMap<string, HostTensor>) {
    this.backend = backend;
    this.values = values;
  }

  get bytes(): number {
    return this.values.values().reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

class ReferenceProgram implements Program {
  readonly stats = { flop: 0, arenaBytes: 0, liveBytes: 0, commands: 0 };
  readonly #graph: Graph;
  readonly #weights: ReferenceWeights;
  readonly states: States = {
    read: async (name) => {
      stateOf(this.#graph, name);
      const { shape, data } = await this.#states.get(name)!;
      return data instanceof Uint32Array ? u32Tensor(shape, data.slice()) : f32Tensor(shape, data.slice());
    },
    write: async (name, value) => {
      const { data } = valueFor(stateOf(this.#graph, name), value);
      (await this.#states.get(name)!).data.set(data);
    },
  };
  readonly #states: ReadonlyMap<string, HostTensor>;

  constructor(graph: Graph, weights: ReferenceWeights, sharing?: Program) {
    this.#graph = graph;
    this.#weights = weights;
    if (sharing && !(sharing instanceof ReferenceProgram && sharing.#weights.backend === weights.backend)) {
      throw foreignStates();
    }
    if (sharing) checkShared(graph, sharing.#graph);
    const common = sharing ? sharing.#states : new Map<string, HostTensor>();
    this.#states = new Map(
      tensorsOf(graph, "state").map(({ attrs: { name, shape, dtype } }) => [
        name,
        common.get(name) ?? (dtype === "u32" ? u32Tensor(shape) : f32Tensor(shape)),
      ]),
    );
  }

  async run(
    given: NamedTensors,
    options: Cancellable = {},
  ): Promise<Record<string, HostTensor>> {
    const inputs = takeRun(this.#graph, given, options), { signal } = options;
    const values = new Map<Tensor, HostTensor>();
    for (const tensor of this.#graph.tensors) {
      signal?.throwIfAborted();
      values.set(tensor, this.#value(tensor, { inputs, values }));
      await undefined;
    }
    return Object.fromEntries(
      Object.entries(this.#graph.outputs).map(([name, tensor]) => [name, values.get(tensor)!]),
    );
  }

  async profile(inputs: NamedTensors): Promise<CommandTime[]> {
    const start = performance.now();
    await this.run(inputs);
    return [{ kernel: "all", seconds: (performance.now() - start) / 1000, flop: this.stats.flop }];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #value(
    tensor: Tensor,
    { inputs, values }: { inputs: NamedTensors; values: Map<Tensor, HostTensor> },
  ): HostTensor {
    if (tensor.op === "input") return inputs[tensor.attrs.name]!;
    if (tensor.op === "state") return this.#states.get(tensor.attrs.name)!;
    if (tensor.op === "param") return this.#weights.values.get(tensor.attrs.name)!;
    const operands = Object.entries(tensor.inputs).map(([name, read]) =>
      [name, read && values.get(read as Tensor)] as const
    );
    return evaluate(
      tensor as Tensor & { op: ComputedOp },
      Object.fromEntries(operands as [string, HostTensor][]),
    );
  }
}
