/** The message that starts a kernel worker. */
export interface KernelWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the control block, an array of i32 indexed by `Control`. */
  readonly control: number;
  readonly thread: number;
}

/** Messages of a kernel worker: it is ready for runs, or a kernel failed. */
export type KernelWorkerMessage = { type: "ready" } | { type: "failed"; message: string };

/** Words of the control block that the threads of a backend share. `wasm/walk.ts` uses the first four. */
export enum Control {
  Arrivals,
  Generation,
  Abort,
  Begun,
  /** Incremented to start a run. */
  Start,
  /** Number of threads that have finished the run. */
  Done,
  /** The run: address and length of the command table, number of threads, their scratch, address of the timings. */
  Table,
  Count,
  Threads,
  Scratch,
  ScratchBytes,
  Times,
  /** Nonzero: the threads exit. */
  Exit,
  /** Number of threads that have exited and no longer access the memory. */
  Gone,
  Words = 16,
}
