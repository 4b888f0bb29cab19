/** A command table to walk, by addresses. */
export interface Walk {
  readonly table: number;
  readonly count: number;
  /** What each thread has for itself: the first one's address, and the distance to the next. */
  readonly scratch: number;
  readonly scratchBytes: number;
  /** Where to write when each command began; 0 for nowhere. */
  readonly times: number;
}

/** What walks tables: a pool of threads, or the caller's own. One table at a time. */
export interface Runner {
  readonly threads: number;
  /**
   * Walks a table once. Aborting ends it after the items under way, and rejects with the signal's reason.
   * Throws `BackendError` if it fails; the next call works again.
   */
  walk(walk: Walk, signal?: AbortSignal): Promise<void>;
  /** Lets go of the heap's memory and ends the threads; the next walk starts them with the memory that the heap then has. */
  detach(): Promise<void>;
  /** Ends its threads and frees its memory. */
  dispose(): Promise<void>;
}
