/** What a kernel worker is started with. */
export interface KernelWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the control block, an array of i32 indexed by `Control`. */
  readonly control: number;
  readonly thread: number;
}

/** What a kernel worker says: that it waits for runs, or that its kernel failed. */
export type KernelWorkerMessage = { type: "ready" } | { type: "failed"; message: string };

/** Words of the control block of one crew of workers. The first four belong to the walk, see `wasm/walk.ts`. */
export enum Control {
  Arrivals,
  Generation,
  Abort,
  Begun,
  /** Goes up by one to start a run. */
  Start,
  /** Threads that have finished the run. */
  Done,
  /** The run: address and length of the command table, threads, their scratch, and where to write times. */
  Table,
  Count,
  Threads,
  Scratch,
  ScratchBytes,
  Times,
  /** Not zero: leave. */
  Exit,
  /** Threads that left, and touch the memory no more. */
  Gone,
  Words = 16,
}
