/** Counts of the work that a backend has given its devices since it was created. */
export interface Counters {
  /** Kernels that were dispatched. */
  dispatches: number;
  /** Command buffers that were submitted. */
  submits: number;
  /** Times that results were brought back to the host. */
  readBacks: number;
  /** Bytes that were written to the device. */
  bytesWritten: number;
  /** Bytes that were read back. */
  bytesRead: number;
  /** Pipelines that were compiled. */
  pipelines: number;
  /** Buffers that exist now. */
  buffers: number;
  /** Bytes of those buffers. */
  bufferBytes: number;
}

/** Counters at zero. */
export function zeroCounters(): Counters {
  return {
    ...{ dispatches: 0, submits: 0, readBacks: 0, bytesWritten: 0, bytesRead: 0 },
    ...{ pipelines: 0, buffers: 0, bufferBytes: 0 },
  };
}
