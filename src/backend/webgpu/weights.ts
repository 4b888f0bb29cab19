import type { OpName, Tensor } from "../../graph/ops.ts";
import type { Graph } from "../../graph/trace.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type {
  Cancellable,
  LoadOptions,
  OnProgress,
  WeightFormat,
  Weights,
  WeightSource,
} from "../backend.ts";
import { weightFormats } from "../formats.ts";
import { countBytes } from "../progress.ts";
import { readWeight } from "../requests.ts";
import type { WeightLayout } from "./commands.ts";
import type { Gpu } from "./gpu.ts";
import { type PackedWeight, packMatrix, packTable } from "./pack_matrix.ts";
import { createMemory, destroyMemory, type Memory, writeMemory } from "./memory.ts";
import type { Session } from "./session.ts";
import { BufferUsage } from "./usage.ts";

interface Wanted {
  readonly name: string;
  readonly shape: Shape;
  readonly layout: WeightLayout;
  readonly format: WeightFormat;
}

/** Weights in GPU memory, each in separate buffers, on the current device of the backend. */
export class WebGpuWeights implements Weights {
  readonly #gpu: Gpu;
  readonly #source: WeightSource;
  readonly #wanted: readonly Wanted[];
  /** The contents of the buffers, to fill those of another device. */
  readonly #kept: Map<Wanted, PackedWeight> = new Map();
  #places: ReadonlyMap<string, Memory> = new Map();
  #session: Session | undefined;
  #bytes = 0;
  #disposed = false;

  private constructor(gpu: Gpu, source: WeightSource, { graphs, format = "f32" }: LoadOptions) {
    this.#gpu = gpu;
    this.#source = source;
    this.#wanted = wantedBy(graphs, format);
  }

  /**
   * Reads every weight of `graphs` once. The device stays available meanwhile, as a source may read the states of a program
   * on it. Throws `BackendError` if memory is insufficient.
   */
  static async load(
    gpu: Gpu,
    source: WeightSource,
    options: LoadOptions,
  ): Promise<WebGpuWeights> {
    const weights = new WebGpuWeights(gpu, source, options);
    await weights.#fill((work) => gpu.exclusive(work, options.signal), options);
    return weights;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether `gpu` loaded them. */
  isOn(gpu: Gpu): boolean {
    return gpu === this.#gpu;
  }

  /** The format of the matrix or table `name`. */
  format(name: string): WeightFormat {
    return this.#wanted.find((wanted) => wanted.name === name && wanted.layout !== "plain")?.format ?? "f32";
  }

  /** Uploads the weights to the session's device, if needed. The caller must have exclusive access to the device. */
  async bring(session: Session): Promise<void> {
    this.#check();
    if (this.#session !== session) await this.#fill((work) => work(session), {});
  }

  /** Where the weight `name` is stored. Throws `BackendError` if it was not loaded or is disposed. */
  memory(name: string, layout: WeightLayout): Memory {
    this.#check();
    const memory = this.#places.get(keyOf({ name, layout }));
    if (memory) return memory;
    throw new BackendError(`Cannot use the weight ${name}`, {
      got: "weights that were loaded for other graphs",
      hint: "load weights for all graphs that they are used with",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#kept.clear();
    await this.#gpu.release((session) => {
      if (session === this.#session) {
        for (const memory of this.#places.values()) destroyMemory(session, memory);
      }
    });
    this.#places = new Map();
  }

  #check(): void {
    if (!this.#disposed) return;
    throw new BackendError("Cannot use the weights", {
      got: "weights that were disposed",
      hint: "keep them until the last run has ended",
    });
  }

  /** Brings all weights to the session that `withDevice` gives, each time the same one. */
  async #fill(
    withDevice: (work: (session: Session) => Promise<Memory>) => Promise<Memory>,
    { onProgress, signal }: { onProgress?: OnProgress } & Cancellable,
  ): Promise<void> {
    let home = undefined as Session | undefined;
    const places = new Map<string, Memory>();
    const shapes = new Map(this.#wanted.map(({ name, shape }) => [name, shape]));
    const count = countBytes(shapes.values(), onProgress);
    let bytes = 0, last: string | undefined;
    try {
      for (const wanted of this.#wanted) {
        signal?.throwIfAborted();
        const values = this.#kept.get(wanted) ?? await this.#read(wanted);
        const memory = await withDevice((session) => {
          const action = `load the weight ${wanted.name}`, own = home ??= session;
          return own.checked(action, () => {
            const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;
            const memory = createMemory(own, values.byteLength, usage);
            writeMemory(own, memory, { offset: 0, data: values });
            return memory;
          });
        });
        places.set(keyOf(wanted), memory);
        bytes += values.byteLength;
        if (this.#gpu.options.keepWeights ?? true) this.#kept.set(wanted, values);
        if (wanted.name !== last) count(wanted.shape);
        last = wanted.name;
      }
    } catch (error) {
      if (home) { for (const memory of places.values()) destroyMemory(home, memory); }
      throw error;
    }
    this.#places = places;
    this.#session = home;
    this.#bytes = bytes;
  }

  async #read({ name, shape, layout, format }: Wanted): Promise<PackedWeight> {
    const values = await readWeight(this.#source, { name, shape });
    if (layout === "plain") return values;
    const packed = layout === "matrix" ? packMatrix(values, shape, format) : packTable(values, shape, format);
    if (packed.buffer !== values.buffer) this.#source.release?.(values);
    return packed;
  }
}

function keyOf({ name, layout }: { name: string; layout: WeightLayout }): string {
  return `${layout} ${name}`;
}

/** Each weight in each layout in which an op reads it, grouped by name. */
function wantedBy(graphs: readonly Graph[], format: WeightFormat): Wanted[] {
  const formats = weightFormats(graphs, format);
  const wanted = new Map<string, Wanted>();
  const want = (tensor: Tensor | undefined, layout: WeightLayout) => {
    if (tensor?.op !== "param") return;
    const { name, shape } = tensor.attrs;
    const stored = layout === "plain" ? "f32" : formats.get(name) ?? "f32";
    wanted.set(keyOf({ name, layout }), { name, shape, layout, format: stored });
  };
  for (const graph of graphs) {
    for (const { op, inputs } of graph.tensors) {
      for (const [name, read] of Object.entries(inputs) as [string, Tensor | undefined][]) {
        want(read, layoutOf(op, name));
      }
    }
    for (const output of Object.values(graph.outputs)) want(output, "plain");
  }
  return [...wanted.values()].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** The layout in which an op reads its operand. */
function layoutOf(op: OpName, operand: string): WeightLayout {
  if (op === "embedding" && operand === "table") return "table";
  const matrix = (op === "conv" || op === "linear") && (operand === "weight" || operand === "up");
  return matrix ? "matrix" : "plain";
}
