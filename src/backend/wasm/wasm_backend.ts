import { fuse } from "../../graph/fuse.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import type { Backend, Cancellable, OnProgress, Program, Weights, WeightSource } from "../backend.ts";
import { Heap } from "./heap.ts";
import { kernelModule } from "./kernels.ts";
import { Pool } from "./pool.ts";
import { type Machine, WasmProgram } from "./program.ts";
import { WasmWeights } from "./weights.ts";

/** Pages of 64 KiB that wasm32 can address. */
const maximumPages = 65536;

/** SIMD WASM kernels on a pool of threads over one shared memory. */
export class WasmBackend implements Backend {
  readonly name = "wasm";
  readonly threads: number;
  readonly #machine: Machine;
  #last: Promise<unknown> = Promise.resolve();

  /** Without `threads`: as many as the machine has. */
  constructor({ threads = navigator.hardwareConcurrency }: { threads?: number } = {}) {
    this.threads = threads;
    const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: true }));
    this.#machine = {
      heap,
      pool: new Pool(heap, { module: kernelModule("threads"), threads }),
      exclusive: (work) => this.#exclusive(work),
    };
  }

  load(
    source: WeightSource,
    options: { graphs: readonly Graph[]; onProgress?: OnProgress } & Cancellable,
  ): Promise<Weights> {
    return WasmWeights.load(this.#machine.heap, source, options);
  }

  compile(graph: Graph, weights: Weights): Promise<Program> {
    const fused = fuse(graph);
    const params = new Map<Tensor, number>(
      tensorsOf(fused, "param").map((
        param,
      ) => [param as Tensor, (weights as WasmWeights).address(param.attrs.name)]),
    );
    return Promise.resolve(new WasmProgram(fused, { machine: this.#machine, params }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#exclusive(() => this.#machine.pool.stop());
  }

  /** Runs one piece of work at a time, in the order of the calls. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
