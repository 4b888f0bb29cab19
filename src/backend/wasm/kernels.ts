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

/** Memory of the kind that a variant imports, which grows to 4 GiB. */
export function kernelMemory(variant: Variant): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: variant === "threads" });
}

/** An instance on `memory`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const env = { memory, now: () => performance.now() };
  return new WebAssembly.Instance(module, { env }).exports as unknown as Kernels;
}
