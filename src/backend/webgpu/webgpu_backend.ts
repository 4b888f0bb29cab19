import type { Graph } from "../../graph/trace.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Backend, CompileOptions, LoadOptions, Program, Weights, WeightSource } from "../backend.ts";
import { checkCompile, checkLoad, foreignWeights } from "../requests.ts";
import type { Counters } from "./counters.ts";
import { Gpu } from "./gpu.ts";
import { webGpuKinds, type WebGpuOptions, type WebGpuParts, webGpuPartsKinds } from "./options.ts";
import { WebGpuProgram } from "./program.ts";
import { WebGpuWeights } from "./weights.ts";

/**
 * WGSL kernels on a GPU, or on software that acts as one.
 *
 * The device is opened by the first call that needs it. When it is lost, the current run fails with `BackendError`, and
 * the next one opens a new device with the same weights. Throws `BackendError` if there is no adapter.
 */
export class WebGpuBackend implements Backend {
  /** Always `webgpu`. */
  readonly name = "webgpu";
  readonly runsAtOnce = 32;
  readonly #gpu: Gpu;

  /** Creates a backend whose device is opened by the first call that needs it. */
  constructor(options: WebGpuOptions = {}, parts: WebGpuParts = {}) {
    checkOptions(options, webGpuKinds, "create a WebGPU backend");
    checkOptions(parts, webGpuPartsKinds, "create a WebGPU backend");
    this.#gpu = new Gpu(options, parts);
  }

  /** Counts of the work given to the device so far. */
  get counters(): Readonly<Counters> {
    return { ...this.#gpu.counters };
  }

  async load(source: WeightSource, options: LoadOptions): Promise<Weights> {
    checkLoad(source, options);
    return await WebGpuWeights.load(this.#gpu, source, options);
  }

  /** Waits for current runs. Throws `BackendError` if memory is insufficient or the device lacks what `options` require. */
  async compile(graph: Graph, weights: Weights, options: CompileOptions = {}): Promise<Program> {
    checkCompile(graph, options);
    if (!(weights instanceof WebGpuWeights && weights.isOn(this.#gpu))) throw foreignWeights(weights);
    return await WebGpuProgram.compile(graph, { ...options, gpu: this.#gpu, weights });
  }

  /** Waits for current work, then destroys the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gpu.dispose();
  }
}
