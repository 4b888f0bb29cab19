import { BackendError } from "../../tensor/errors.ts";
import { relaxed, simd, threads } from "./_generated.ts";
import type { Variant } from "./features.ts";

/** What a program's commands are run by; see `wasm/walk.ts`. */
export interface Kernels {
  /** Walks a table as one of several threads, to its end. */
  walk(
    table: number,
    count: number,
    thread: number,
    threads: number,
    control: number,
    scratch: number,
    times: number,
  ): void;
  /** Walks a part of a table alone; gives the command to go on with, `count` at the end. */
  walkSlice(
    table: number,
    begin: number,
    count: number,
    control: number,
    scratch: number,
    times: number,
    limit: number,
    until: number,
  ): number;
  /** Packs rows of weights, see `wasm/pack.ts`. */
  packRows(
    format: number,
    values: number,
    rows: number,
    k: number,
    out: number,
    panel: number,
    panels: number,
  ): void;
}

/** Pages of 64 KiB that wasm32 can address. */
const maximumPages = 65536;

/** A build of the kernels: the module of each variant, as base64. */
export type KernelBuild = Readonly<Record<Variant, string>>;

/** The kernels that inference needs. */
export const inferenceBuild: KernelBuild = { threads, relaxed, simd };

const compiled = new Map<string, WebAssembly.Module>();

/** Gives the compiled module of a variant for inference, for hosts that compile no WebAssembly while they run. */
export function provideKernels(variant: Variant, module: WebAssembly.Module): void {
  compiled.set(inferenceBuild[variant], module);
}

/** The compiled module of a variant, compiled once. Throws `BackendError` where the host does not allow it. */
export function kernelModule(variant: Variant, build: KernelBuild = inferenceBuild): WebAssembly.Module {
  let module = compiled.get(build[variant]);
  if (module) return module;
  try {
    module = new WebAssembly.Module(
      Uint8Array.from(atob(build[variant]), (character) => character.charCodeAt(0)),
    );
  } catch (cause) {
    throw new BackendError(`Cannot compile the kernels, variant ${variant}`, {
      got: String(cause),
      hint: "allow the host to compile WebAssembly, for example by its content security policy",
      cause,
    });
  }
  compiled.set(build[variant], module);
  return module;
}

/** Memory of the kind that a variant imports, which grows to 4 GiB. */
export function kernelMemory(variant: Variant): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: variant === "threads" });
}

/** An instance on `memory`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const env = { memory, now: () => performance.now() };
  return new WebAssembly.Instance(module, { env }).exports as unknown as Kernels;
}
