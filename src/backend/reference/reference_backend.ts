import type { Tensor } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { roundTo } from "../../tensor/quantize.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type {
  Backend,
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
import { checkInputs, checkShared, checkState, foreignStates } from "../inputs.ts";
import { type ComputedOp, evaluate } from "./evaluate.ts";

/** Plain TypeScript: slow and single-threaded. The results of every other backend are tested against it. */
export class ReferenceBackend implements Backend {
  readonly name = "reference";

  async load(
    source: WeightSource,
    { graphs, format = "f32", onProgress, signal }: LoadOptions,
  ): Promise<Weights> {
    const params = graphs.flatMap((graph) => tensorsOf(graph, "param"));
    const shapes = new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
    const formats = weightFormats(graphs, format);
    const count = countBytes(shapes.values(), onProgress);
    const values = new Map<string, HostTensor>();
    for (const [name, shape] of shapes) {
      signal?.throwIfAborted();
      const rounded = roundTo(formats.get(name) ?? "f32", await source.read(name), shape.at(-1)!);
      values.set(name, f32Tensor(shape, rounded));
      count(shape);
    }
    return new ReferenceWeights(values);
  }

  compile(graph: Graph, weights: Weights, options: CompileOptions = {}): Promise<Program> {
    return Promise.resolve().then(() => {
      checkActivations(options, this.name);
      return new ReferenceProgram(graph, (weights as ReferenceWeights).values, options.states);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

class ReferenceWeights implements Weights {
  readonly values: ReadonlyMap<string, HostTensor>;

  constructor(values: ReadonlyMap<string, HostTensor>) {
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
  readonly #weights: ReadonlyMap<string, HostTensor>;
  readonly states: States = {
    read: async (name) => {
      checkState(this.#graph, name);
      const { shape, data } = await this.#states.get(name)!;
      return data instanceof Uint32Array ? u32Tensor(shape, data.slice()) : f32Tensor(shape, data.slice());
    },
    write: async (name, value) => {
      checkState(this.#graph, name, value);
      (await this.#states.get(name)!).data.set(value.data);
    },
  };
  readonly #states: ReadonlyMap<string, HostTensor>;

  constructor(graph: Graph, weights: ReadonlyMap<string, HostTensor>, sharing?: Program) {
    this.#graph = graph;
    this.#weights = weights;
    if (sharing && !(sharing instanceof ReferenceProgram)) throw foreignStates();
    const shared = sharing;
    if (shared) checkShared(graph, shared.#graph);
    const common = shared ? shared.#states : new Map<string, HostTensor>();
    this.#states = new Map(
      tensorsOf(graph, "state").map(({ attrs: { name, shape, dtype } }) => [
        name,
        common.get(name) ?? (dtype === "u32" ? u32Tensor(shape) : f32Tensor(shape)),
      ]),
    );
  }

  async run(
    inputs: Readonly<Record<string, HostTensor>>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Record<string, HostTensor>> {
    checkInputs(this.#graph, inputs);
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

  async profile(inputs: Readonly<Record<string, HostTensor>>): Promise<CommandTime[]> {
    const start = performance.now();
    await this.run(inputs);
    return [{ kernel: "all", seconds: (performance.now() - start) / 1000, flop: this.stats.flop }];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #value(
    tensor: Tensor,
    { inputs, values }: { inputs: Readonly<Record<string, HostTensor>>; values: Map<Tensor, HostTensor> },
  ): HostTensor {
    if (tensor.op === "input") return inputs[tensor.attrs.name]!;
    if (tensor.op === "state") return this.#states.get(tensor.attrs.name)!;
    if (tensor.op === "param") return this.#weights.get(tensor.attrs.name)!;
    const operands = Object.entries(tensor.inputs).map(([name, read]) =>
      [name, read && values.get(read as Tensor)] as const
    );
    return evaluate(
      tensor as Tensor & { op: ComputedOp },
      Object.fromEntries(operands as [string, HostTensor][]),
    );
  }
}
