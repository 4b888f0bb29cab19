import { ArgumentError } from "../tensor/errors.ts";
import type { Backend } from "./backend.ts";
import { ReferenceBackend } from "./reference/reference_backend.ts";
import { WasmBackend } from "./wasm/wasm_backend.ts";

/** What runs the models: `wasm` kernels on all processors, or the slow and obvious `reference`. `auto` takes WASM. */
export type BackendName = "auto" | "wasm" | "reference";

const backends: Readonly<Record<BackendName, (options: { threads?: number }) => Backend>> = {
  auto: (options) => new WasmBackend(options),
  wasm: (options) => new WasmBackend(options),
  reference: () => new ReferenceBackend(),
};

/** The names that `createBackend` knows. */
export const backendNames: readonly string[] = Object.keys(backends);

/**
 * Makes the backend `name`; `threads` (default: as many as there are processors) counts where it has threads.
 * Throws `ArgumentError` for an unknown name or number of threads, `BackendError` where it cannot run here.
 */
export function createBackend(name: BackendName = "auto", { threads }: { threads?: number } = {}): Backend {
  if (!Object.hasOwn(backends, name)) {
    throw new ArgumentError("Cannot choose a backend", {
      expected: `one of ${backendNames.join(", ")}`,
      got: String(name),
    });
  }
  return backends[name]({ threads });
}
