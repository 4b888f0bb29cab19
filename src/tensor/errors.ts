/** The facts of an error: what was expected, what came instead, and what to do next. */
export interface ErrorFacts {
  /** What would have been right. */
  expected?: string;
  /** What came instead. */
  got?: string;
  /** What the reader should do next, as an imperative sentence without a full stop. */
  hint?: string;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * Base of every error that this library throws on purpose.
 *
 * Its message reads `subject: expected …, got …; hint`; the parts stay readable as fields.
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

/** An argument or option of a public call is wrong. */
export class ArgumentError extends VokenError {
  /** The name of the class. */
  override readonly name = "ArgumentError";
}

/** An op was given inputs whose shapes or dtypes do not fit. */
export class ShapeError extends VokenError {
  /** The name of the class. */
  override readonly name = "ShapeError";
}

/** A checkpoint, configuration or token file is damaged, hostile, or not what the model needs. */
export class CheckpointError extends VokenError {
  /** The name of the class. */
  override readonly name = "CheckpointError";
}

/** A file cannot be written: no permission, no space left, no such folder. */
export class FileError extends VokenError {
  /** The name of the class. */
  override readonly name = "FileError";
}

/** An image is damaged, too large, or of an unsupported kind. */
export class ImageError extends VokenError {
  /** The name of the class. */
  override readonly name = "ImageError";
}

/** A data set is empty, has too many damaged images, or labels and tokens that do not fit. */
export class DataError extends VokenError {
  /** The name of the class. */
  override readonly name = "DataError";
}

/** A backend cannot run here, ran out of memory, lost its device or one of its workers. */
export class BackendError extends VokenError {
  /** The name of the class. */
  override readonly name = "BackendError";
}

/** A run produced NaN or infinite values: the weights or the input are damaged. */
export class NumericError extends VokenError {
  /** The name of the class. */
  override readonly name = "NumericError";
}

function sentence(subject: string, { expected, got, hint }: ErrorFacts): string {
  const state = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(", ");
  return [state ? `${subject}: ${state}` : subject, hint].filter(Boolean).join("; ");
}
