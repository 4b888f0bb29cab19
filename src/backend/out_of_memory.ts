import { BackendError, type ErrorFacts } from "../tensor/errors.ts";

/** Bytes, where memory lacks. */
export interface MemoryLack {
  /** What was asked for. */
  readonly wanted: number;
  /** What could be had now. */
  readonly free: number;
  /** What could be had at most, if all else were given back. */
  readonly most: number;
}

/** A backend's memory does not suffice for a program. */
export class OutOfMemoryError extends BackendError {
  readonly lack: MemoryLack;

  constructor(subject: string, { lack, ...facts }: ErrorFacts & { lack: MemoryLack }) {
    super(subject, facts);
    this.lack = lack;
  }
}

/** Bytes as errors name them. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
