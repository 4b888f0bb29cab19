/** What a backend has asked of its devices since it was made. */
export interface Counters {
  dispatches: number;
  submits: number;
  /** Times that results were brought back to the host. */
  readBacks: number;
  bytesWritten: number;
  bytesRead: number;
  /** Pipelines that were compiled. */
  pipelines: number;
  /** Buffers that exist now, and their bytes. */
  buffers: number;
  bufferBytes: number;
}

/** Counters at zero. */
export function zeroCounters(): Counters {
  return {
    ...{ dispatches: 0, submits: 0, readBacks: 0, bytesWritten: 0, bytesRead: 0 },
    ...{ pipelines: 0, buffers: 0, bufferBytes: 0 },
  };
}
