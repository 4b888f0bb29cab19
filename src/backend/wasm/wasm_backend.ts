import { fuse } from "../../graph/fuse.ts";
import type { Graph } from "../../graph/trace.ts";
import type { Backend, CompileOptions, LoadOptions, Program, Weights, WeightSource } from "../backend.ts";
import { checkActivations } from "../formats.ts";
import { checkCompile, checkLoad, foreignStates, foreignWeights } from "../requests.ts";
import type { Variant } from "./features.ts";
import { createMachine, type Machine, type WasmOptions } from "./machine.ts";
import { WasmProgram } from "./program.ts";
import { WasmWeights } from "./weights.ts";

/** Bytes of WASM memory. */
export interface MemoryUse {
  /** In blocks of weights, programs and their common workspace. */
  readonly allocated: number;
  /** What the memory has grown to. What was freed is used again; much of it is given back when it was not for two seconds. */
  readonly reserved: number;
}

/**
 * SIMD WASM kernels on a pool of threads over one shared memory, or on the caller's thread where that cannot be had.
 *
 * Throws `BackendError` where the engine has no WASM SIMD, or not what the wanted variant needs.
 */
export class WasmBackend implements Backend {
  readonly name = "wasm";
  readonly #machine: Machine;

  constructor(options: WasmOptions = {}, machine: Machine = createMachine(options)) {
    this.#machine = machine;
  }

  /** The build of the kernels that runs. */
  get variant(): Variant {
    return this.#machine.variant;
  }

  /** Threads that compute. */
  get threads(): number {
    return this.#machine.runner.threads;
  }

  /** How much memory is in use. */
  get memory(): MemoryUse {
    const { allocated, reserved } = this.#machine.heap;
    return { allocated, reserved };
  }

  async load(source: WeightSource, options: LoadOptions): Promise<Weights> {
    checkLoad(source, options);
    return await WasmWeights.load(this.#machine, source, options);
  }

  /** Waits for the runs under way. Throws `BackendError` if memory lacks, or what training needs (see `WasmOptions`). */
  async compile(graph: Graph, weights: Weights, options: CompileOptions = {}): Promise<Program> {
    checkCompile(graph, options);
    checkActivations(options, this.name);
    if (!(weights instanceof WasmWeights && weights.isOn(this.#machine))) throw foreignWeights(weights);
    const fused = fuse(graph), { states } = options;
    const machine = this.#machine;
    if (states && !(states instanceof WasmProgram && states.isOn(machine))) throw foreignStates();
    return await machine.exclusive(() =>
      new WasmProgram(fused, {
        machine,
        sharing: states,
        params: {
          address: ({ attrs: { name } }) => weights.address(name),
          packed: ({ attrs: { name } }) => weights.packed(name),
        },
      }), { cost: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine.dispose();
  }
}
