import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { roundTo } from "../../tensor/quantize.ts";
import { isListOf } from "../../tensor/every.ts";
import { BackendError } from "../../tensor/errors.ts";
import { checkOptions, type Kinds, required, text, wholeNumber } from "../../tensor/options.ts";
import type { Backend, CompileOptions, LoadOptions, Program, Weights, WeightSource } from "../backend.ts";
import { checkActivations, weightFormats } from "../formats.ts";
import { Mutex } from "../mutex.ts";
import { countBytes } from "../progress.ts";
import { checkCompile, checkLoad, foreignWeights, readWeight } from "../requests.ts";
import { OrtProgram } from "./ort_program.ts";
import type { OrtRuntime } from "./runtime.ts";

/** How the backend is set up. */
export interface OrtOptions {
  /** The module onnxruntime-web or onnxruntime-node. */
  readonly runtime: OrtRuntime;
  /**
   * Execution providers, by name or with their options, the one to try first in front: `wasm`, `webgpu`, `webnn`; in Node `cpu`,
   * `cuda`, `dml`, `coreml`. Default: what the runtime takes by itself, `wasm` or `cpu`.
   */
  readonly executionProviders?: readonly (string | { readonly name: string })[];
  /** Threads on processors; default: as the runtime takes. onnxruntime-web has one number for all that use it. */
  readonly threads?: number;
}

const kinds: Kinds<OrtOptions> = {
  runtime: required({
    expected: "the module onnxruntime-web or onnxruntime-node",
    fits: (value) => typeof (value as Partial<OrtRuntime> | null)?.InferenceSession?.create === "function",
  }),
  executionProviders: {
    expected: "a list of names, or of objects with a name",
    fits: (value) =>
      isListOf(
        value,
        (one) => text.fits(one) || text.fits((one as { name?: unknown } | null | undefined)?.name),
      ),
  },
  threads: wholeNumber(1),
};

/**
 * Runs graphs in ONNX Runtime, each exported as a model: where that is faster, or the only engine that is allowed. Weights
 * are rounded to their format and stored as f32. Every program holds a copy of its weights. Does not train.
 */
export class OrtBackend implements Backend {
  readonly name = "ort";
  readonly #options: OrtOptions;
  readonly #programs: Set<OrtProgram> = new Set();
  /** Sessions of onnxruntime-web share one machine, which does one thing at a time. */
  readonly #mutex: Mutex = new Mutex();
  #disposed = false;

  /** Takes a runtime that is loaded. */
  constructor(options: OrtOptions) {
    checkOptions(options, kinds, "create a backend of ONNX Runtime");
    this.#options = options;
    const { runtime: { env: { wasm } }, threads } = options;
    if (wasm && threads !== undefined) wasm.numThreads = threads;
  }

  async load(source: WeightSource, options: LoadOptions): Promise<Weights> {
    checkLoad(source, options);
    this.#checkInUse();
    const { graphs, format = "f32", onProgress, signal } = options;
    const params = graphs.flatMap((graph) => tensorsOf(graph, "param"));
    const shapes = new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
    const formats = weightFormats(graphs, format);
    const values = new Map<string, Float32Array>(), report = countBytes(shapes.values(), onProgress);
    for (const [name, shape] of shapes) {
      signal?.throwIfAborted();
      const weight = await readWeight(source, { name, shape });
      values.set(name, roundTo(formats.get(name) ?? "f32", weight, shape.at(-1)!));
      report(shape);
    }
    return new OrtWeights(this, values);
  }

  async compile(graph: Graph, weights: Weights, options: CompileOptions = {}): Promise<Program> {
    checkCompile(graph, options);
    checkActivations(options, this.name);
    if (!(weights instanceof OrtWeights && weights.backend === this)) throw foreignWeights(weights);
    const { runtime, executionProviders, threads } = this.#options;
    const program = await this.#mutex.run(() => {
      this.#checkInUse();
      return OrtProgram.create(graph, {
        runtime,
        weights: weights.values,
        session: {
          ...executionProviders && { executionProviders: [...executionProviders] },
          ...threads !== undefined && { intraOpNumThreads: threads },
          logSeverityLevel: 3,
        },
        mutex: this.#mutex,
        states: options.states,
        released: (program) => this.#programs.delete(program),
      });
    });
    this.#programs.add(program);
    return program;
  }

  /** Frees all programs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#programs].map((program) => program[Symbol.asyncDispose]()));
  }

  #checkInUse(): void {
    if (!this.#disposed) return;
    throw new BackendError("Cannot use the backend ort", {
      expected: "one in use",
      got: "one that was disposed",
    });
  }
}

class OrtWeights implements Weights {
  readonly backend: Backend;
  readonly values: Map<string, Float32Array>;

  constructor(backend: Backend, values: Map<string, Float32Array>) {
    this.backend = backend;
    this.values = values;
  }

  get bytes(): number {
    return this.values.values().reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.values.clear();
    return Promise.resolve();
  }
}
