import type { OpName, Tensor } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { BackendError } from "../../tensor/errors.ts";
import { roundTo } from "../../tensor/quantize.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { LoadOptions, WeightFormat, Weights, WeightSource } from "../backend.ts";
import { weightFormats } from "../formats.ts";
import { countBytes } from "../progress.ts";
import { readWeight } from "../requests.ts";
import type { Heap } from "./heap.ts";
import { packConvWeight, packedSize } from "./pack_conv.ts";
import { matrixBytes, MatrixPacker, packTable, tableBytes } from "./pack_matrix.ts";

interface Block {
  readonly address: number;
  readonly bytes: number;
  readonly packed: boolean;
}

/** Weights in WASM memory, packed for the kernels that read them. */
export class WasmWeights implements Weights {
  readonly #heap: Heap;
  readonly #blocks: Map<string, Block> = new Map();

  private constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Reads every weight of `graphs` once. */
  static async load(
    { heap, module }: { heap: Heap; module: () => Promise<WebAssembly.Module> },
    source: WeightSource,
    { graphs, format = "f32", onProgress, signal }: LoadOptions,
  ): Promise<WasmWeights> {
    const weights = new WasmWeights(heap);
    using packer = new MatrixPacker(heap, await module());
    const packings = packingsOf(graphs, format);
    const count = countBytes([...packings.values()].map(({ shape }) => shape), onProgress);
    try {
      for (const [name, { shape, ...packing }] of packings) {
        signal?.throwIfAborted();
        const values = await readWeight(source, { name, shape });
        weights.#put(name, packing.use, { values, shape, format: packing.format, packer });
        source.release?.(values);
        count(shape);
      }
    } catch (error) {
      await weights[Symbol.asyncDispose]();
      throw error;
    }
    return weights;
  }

  /** Whether a machine loaded them. */
  isOn({ heap }: { heap: Heap }): boolean {
    return heap === this.#heap;
  }

  get bytes(): number {
    return this.#blocks.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Whether the weight `name` lies packed for the ops that read it. */
  packed(name: string): boolean {
    return this.#blocks.get(name)?.packed ?? false;
  }

  /** The address of the weight `name`. Throws `BackendError` if it was not loaded, or disposed since. */
  address(name: string): number {
    const block = this.#blocks.get(name);
    if (block) return block.address;
    throw new BackendError(`Cannot use the weight ${name}`, {
      got: "weights that were disposed, or loaded for other graphs",
      hint: "load weights for all graphs that they are used with, and keep them until the last run",
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const { address } of this.#blocks.values()) this.#heap.free(address);
    this.#blocks.clear();
    return Promise.resolve();
  }

  #put(name: string, use: Use, { values, shape, format, packer }: Packed): void {
    if (use === "product") {
      const { byteOffset } = this.#allocate(name, { bytes: matrixBytes(shape, format), use });
      packer.pack(values, { shape, format, address: byteOffset });
    } else if (use === "table") {
      packTable(values, { format, target: this.#allocate(name, { bytes: tableBytes(shape, format), use }) });
    } else {
      // A bias is read sixteen at a time.
      const size = use === "kernel" ? packedSize(shape) : Math.ceil(values.length / 16) * 16;
      const bytes = this.#allocate(name, { bytes: 4 * size, use });
      const target = new Float32Array(bytes.buffer, bytes.byteOffset, size);
      if (use === "kernel") packConvWeight(roundTo(format, values, shape.at(-1)!), shape, target);
      else target.fill(0, values.length).set(values);
    }
  }

  #allocate(name: string, { bytes, use }: { bytes: number; use: Use }): Uint8Array {
    const address = this.#heap.allocate(bytes);
    this.#blocks.set(name, { address, bytes, packed: use !== "plain" });
    return new Uint8Array(this.#heap.memory.buffer, address, bytes);
  }
}

/** What reads a weight, which decides how it is packed. */
type Use = "kernel" | "product" | "table" | "plain";

interface Packed {
  readonly values: Float32Array;
  readonly shape: Shape;
  readonly format: WeightFormat;
  readonly packer: MatrixPacker;
}

/** The ops that want weights packed, and as which inputs. */
const packed: { readonly [O in OpName]?: { readonly use: Use; readonly inputs: readonly string[] } } = {
  conv: { use: "kernel", inputs: ["weight"] },
  embedding: { use: "table", inputs: ["table"] },
  linear: { use: "product", inputs: ["weight", "up"] },
};

/** How each weight of `graphs` is to be stored. */
function packingsOf(
  graphs: readonly Graph[],
  format: WeightFormat,
): Map<string, { use: Use; shape: Shape; format: WeightFormat }> {
  const formats = weightFormats(graphs, format);
  const uses = new Map<string, Use>();
  const read = (tensor: Tensor, use: Use) => {
    if (tensor.op !== "param") return;
    const { name } = tensor.attrs, before = uses.get(name) ?? use;
    // What several kinds of ops read, as in training, stays plain, and those that want it packed pack it in each run.
    uses.set(name, before === use ? use : "plain");
  };
  for (const tensor of graphs.flatMap((graph) => graph.tensors)) {
    const packing = packed[tensor.op];
    for (const [input, operand] of Object.entries(tensor.inputs)) {
      if (operand) read(operand as Tensor, packing?.inputs.includes(input) ? packing.use : "plain");
    }
  }
  return new Map(
    graphs.flatMap((graph) => tensorsOf(graph, "param")).map(({ shape, attrs: { name } }) => {
      const use = uses.get(name) ?? "plain";
      return [name, { use, shape, format: use === "plain" ? "f32" : formats.get(name) ?? "f32" }];
    }),
  );
}
