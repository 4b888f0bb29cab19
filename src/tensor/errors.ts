/** The parts of an error message after its subject. */
export interface ErrorFacts {
  /** What would have been right. */
  expected?: string;
  /** What came instead. */
  got?: string;
  /** What to do next, as an imperative clause in lower case without a full stop. */
  hint?: string;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * Base class of all errors that the library throws.
 *
 * The message is `subject: expected …, got …; hint`. The parts are also fields.
 */
export class VokenError extends Error {
  /** The name of the class. */
  override readonly name: string = "VokenError";
  /** What could not be done, as "Cannot …". */
  readonly subject: string;
  /** What would have been right. */
  readonly expected?: string;
  /** What came instead. */
  readonly got?: string;
  /** What to do next. */
  readonly hint?: string;

  /** Makes an error whose message consists of the subject and the facts. */
  constructor(subject: string, facts: ErrorFacts = {}) {
    super(sentence(subject, facts), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.subject = subject;
    this.expected = facts.expected;
    this.got = facts.got;
    this.hint = facts.hint;
  }
}

/** An argument or option is invalid. */
export class ArgumentError extends VokenError {
  /** The name of the class. */
  override readonly name = "ArgumentError";
}

/** The shapes or dtypes of an op's inputs do not match. */
export class ShapeError extends VokenError {
  /** The name of the class. */
  override readonly name = "ShapeError";
}

/** A checkpoint, configuration or token file is damaged, malicious, or does not fit the model. */
export class CheckpointError extends VokenError {
  /** The name of the class. */
  override readonly name = "CheckpointError";
}

/** A file cannot be fetched: there is no network or no permission, the server refuses, or only the cache may be used. */
export class NetworkError extends VokenError {
  /** The name of the class. */
  override readonly name = "NetworkError";
  /** The status that a server refused with. */
  readonly status?: number;

  /** Makes an error whose message consists of the subject and the facts. */
  constructor(subject: string, { status, ...facts }: ErrorFacts & { status?: number } = {}) {
    super(subject, facts);
    this.status = status;
  }
}

/** A file cannot be written, for example without permission or free space, or the host has no files. */
export class FileError extends VokenError {
  /** The name of the class. */
  override readonly name = "FileError";
}

/** An image is damaged, too large, or not supported. */
export class ImageError extends VokenError {
  /** The name of the class. */
  override readonly name = "ImageError";
}

/** A data set is empty, has too many damaged images, or has labels or tokens that do not match. */
export class DataError extends VokenError {
  /** The name of the class. */
  override readonly name = "DataError";
}

/** A backend is not available, is out of memory, or lost its device or a worker. */
export class BackendError extends VokenError {
  /** The name of the class. */
  override readonly name = "BackendError";
}

/** A run produced NaN or infinite values, because the weights or the input are damaged. */
export class NumericError extends VokenError {
  /** The name of the class. */
  override readonly name = "NumericError";
}

function sentence(subject: string, { expected, got, hint }: ErrorFacts): string {
  const state = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(", ");
  return [state ? `${subject}: ${state}` : subject, hint].filter(Boolean).join("; ");
}
