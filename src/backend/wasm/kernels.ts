import { BackendError } from "../../tensor/errors.ts";
import { relaxed, simd, threads } from "./_generated.ts";

/** The builds of the kernels, best first: threads need shared memory, the first two relaxed SIMD. */
export type Variant = "threads" | "relaxed" | "simd";

/** What the walk of a program's commands is called with; see `wasm/walk.ts`. */
export interface Kernels {
  walk(
    table: number,
    count: number,
    thread: number,
    threads: number,
    control: number,
    scratch: number,
    times: number,
  ): void;
}

const binaries: Readonly<Record<Variant, string>> = { threads, relaxed, simd };
const modules = new Map<Variant, WebAssembly.Module>();

/** The best variant that this machine runs. Throws `BackendError` where there is no WASM SIMD. */
export function bestVariant(): Variant {
  const shared = typeof SharedArrayBuffer !== "undefined" && (globalThis.crossOriginIsolated ?? true);
  for (const variant of ["threads", "relaxed", "simd"] as const) {
    if (variant === "threads" && !shared) continue;
    if (WebAssembly.validate(decode(variant))) return variant;
  }
  throw new BackendError("Cannot run the WASM backend", {
    expected: "WebAssembly with SIMD",
    got: "an engine without it",
    hint: "use a newer runtime",
  });
}

/** The compiled module of a variant, compiled once. */
export function kernelModule(variant: Variant): WebAssembly.Module {
  let module = modules.get(variant);
  if (!module) modules.set(variant, module = new WebAssembly.Module(decode(variant)));
  return module;
}

/** An instance on `memory`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const env = { memory, now: () => performance.now() };
  return new WebAssembly.Instance(module, { env }).exports as unknown as Kernels;
}

function decode(variant: Variant): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(binaries[variant]), (character) => character.charCodeAt(0));
}
