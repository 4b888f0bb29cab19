import { unfit } from "../tensor/describe.ts";
import { checkOptions, type Kinds, record, wholeNumber } from "../tensor/options.ts";
import type { Backend } from "./backend.ts";
import type { TrainingKernels } from "./wasm/lowering.ts";
import { adapterFacts, findAdapter } from "./webgpu/adapter.ts";
import type { TrainingShaders } from "./webgpu/lowering.ts";

/**
 * What runs the models: `webgpu`, `wasm` kernels on all processors, `ort`, which is ONNX Runtime if it is installed, or the slow and
 * obvious `reference`. `auto` takes WebGPU where there is a real GPU, and WASM elsewhere.
 */
export type BackendName = "auto" | "webgpu" | "wasm" | "ort" | "reference";

/** What a backend is made with. */
export interface BackendOptions {
  /** Threads of WASM; default: one for each processor. */
  readonly threads?: number;
  /**
   * Most bytes that a run on WASM may work in, beside the weights: the arena of `ProgramStats`. Default 2 GiB, of the 4
   * that WASM can address; 4 with `training`.
   */
  readonly maxArenaBytes?: number;
  /** What WASM and WebGPU need for programs of training. */
  readonly training?: TrainingParts;
}

/** What backends need to train: `trainingParts` of `training.ts`. */
export interface TrainingParts {
  /** For `WasmBackend`. */
  readonly wasm: TrainingKernels;
  /** For `WebGpuBackend`. */
  readonly webgpu: TrainingShaders;
}

/** Backends are loaded when they are chosen: a page fetches the kernels of one alone. */
const backends: Readonly<
  Record<Exclude<BackendName, "auto">, (options: BackendOptions) => Promise<Backend>>
> = {
  webgpu: async ({ training }) => {
    const { WebGpuBackend } = await import("./webgpu/webgpu_backend.ts");
    return new WebGpuBackend({ training: training?.webgpu });
  },
  wasm: async ({ threads, maxArenaBytes, training }) => {
    const { WasmBackend } = await import("./wasm/wasm_backend.ts");
    return new WasmBackend({ threads, maxArenaBytes, training: training?.wasm });
  },
  ort: async ({ threads }) => {
    const [{ OrtBackend }, { importRuntime }] = await Promise.all([
      import("./ort/ort_backend.ts"),
      import("./ort/runtime.ts"),
    ]);
    return new OrtBackend({ runtime: await importRuntime(), threads });
  },
  reference: async () => {
    const { ReferenceBackend } = await import("./reference/reference_backend.ts");
    return new ReferenceBackend();
  },
};

/** The most threads of a backend. */
export const maxThreads = 256;

const kinds: Kinds<BackendOptions> = {
  threads: wholeNumber(1, maxThreads),
  maxArenaBytes: wholeNumber(1),
  training: record,
};

/** The names that `createBackend` knows. */
export const backendNames: readonly string[] = ["auto", ...Object.keys(backends)];

/** What `auto` takes here, and why. */
export interface Choice {
  readonly name: "webgpu" | "wasm";
  readonly reason: string;
}

/** Chooses between an adapter, if there is one, and the processors. */
export function chooseBackend(adapter: { name: string; software: boolean } | undefined): Choice {
  if (!adapter) return { name: "wasm", reason: "there is no WebGPU adapter" };
  if (adapter.software) return { name: "wasm", reason: `the WebGPU adapter, ${adapter.name}, is software` };
  return { name: "webgpu", reason: `${adapter.name} is a GPU` };
}

/**
 * Makes the backend `name`; `threads` (default: as many as there are processors) counts where it has threads,
 * `training` (`trainingParts` of `training.ts`) is for those that will train.
 * Throws `ArgumentError` for an unknown name or number of threads, `BackendError` where it cannot run here. A WebGPU
 * backend opens its device with the first call that needs it, and throws then.
 */
export async function createBackend(
  name: BackendName = "auto",
  options: BackendOptions = {},
): Promise<Backend> {
  checkOptions(options, kinds, "create a backend");
  if (!backendNames.includes(name)) {
    throw unfit("Cannot choose a backend", `one of ${backendNames.join(", ")}`, name);
  }
  if (name !== "auto") return await backends[name](options);
  const adapter = await findAdapter();
  return await backends[chooseBackend(adapter && adapterFacts(adapter)).name](options);
}
