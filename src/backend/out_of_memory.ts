import { BackendError, type ErrorFacts } from "../tensor/errors.ts";

/** A backend's memory does not suffice for a program. */
export class OutOfMemoryError extends BackendError {
  /** Bytes that were wanted, and those that could be had. */
  readonly wanted: number;
  readonly free: number;

  constructor(subject: string, { wanted, free, ...facts }: ErrorFacts & { wanted: number; free: number }) {
    super(subject, facts);
    this.wanted = wanted;
    this.free = free;
  }
}
