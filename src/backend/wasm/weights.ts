import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { Cancellable, OnProgress, Weights, WeightSource } from "../backend.ts";
import { packConvWeight, packedSize } from "./conv.ts";
import type { Heap } from "./heap.ts";

interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** Weights in WASM memory, convolutions' kernels packed. */
export class WasmWeights implements Weights {
  readonly #heap: Heap;
  readonly #blocks: Map<string, Block> = new Map();

  private constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Reads every weight of `graphs` once. */
  static async load(
    heap: Heap,
    source: WeightSource,
    { graphs, onProgress, signal }: { graphs: readonly Graph[]; onProgress?: OnProgress } & Cancellable,
  ): Promise<WasmWeights> {
    const weights = new WasmWeights(heap);
    const params = new Map<string, { param: TensorOf<"param">; packed: boolean }>();
    for (const graph of graphs) {
      const packed = new Set(tensorsOf(graph, "conv2d").map(({ inputs }) => inputs.weight));
      for (const param of tensorsOf(graph, "param")) {
        params.set(param.attrs.name, { param, packed: packed.has(param as Tensor) });
      }
    }
    let loaded = 0;
    const total = [...params.keys()].length;
    try {
      for (const [name, { param, packed }] of params) {
        signal?.throwIfAborted();
        const values = await source.read(name);
        // A bias is read sixteen at a time.
        const size = packed ? packedSize(param.shape) : Math.ceil(values.length / 16) * 16;
        const address = heap.allocate(4 * size);
        weights.#blocks.set(name, { address, bytes: 4 * size });
        const target = heap.f32(address, size);
        if (packed) packConvWeight(values, param.shape, target);
        else target.fill(0, values.length).set(values);
        onProgress?.({ loaded: ++loaded, total });
      }
    } catch (error) {
      await weights[Symbol.asyncDispose]();
      throw error;
    }
    return weights;
  }

  get bytes(): number {
    return this.#blocks.values().reduce((sum, { bytes }) => sum + bytes, 0);
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
}
