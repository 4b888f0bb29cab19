import { unfit } from "./describe.ts";
import { isListOf } from "./every.ts";
import { ArgumentError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { isShape } from "./shape.ts";

/** What an option may be. */
export interface Kind {
  /** Completes "expected …". */
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
  /** The texts that fit, where these are few: an error suggests the nearest. */
  readonly names?: readonly string[];
  /** Whether it has no default. */
  readonly required?: true;
}

/** The kind of each of a function's options. The compiler finds the names that are missing or too many. */
export type Kinds<Options> = { readonly [Name in keyof Options]-?: Kind };

/** `true` or `false`. */
export const flag: Kind = { expected: "true or false", fits: (value) => typeof value === "boolean" };

/** A function that is called. */
export const callback: Kind = { expected: "a function", fits: (value) => typeof value === "function" };

/** An object whose fields are checked by what reads them. */
export const record: Kind = {
  expected: "an object",
  fits: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** The path of a file or folder. */
export const filePath: Kind = {
  expected: "a path",
  fits: (value) => typeof value === "string" && value !== "",
};

/** A map from names to what fits. */
export function mapOf(fits: (value: unknown) => boolean, expected: string): Kind {
  return {
    expected,
    fits: (value) =>
      value instanceof Map && [...value].every(([name, one]) => typeof name === "string" && fits(one)),
  };
}

/** The shapes of tensors, by name. */
export const shapesByName: Kind = mapOf(isShape, "a Map of shapes by name");

/** An object with these methods. */
export function withMethods(expected: string, methods: readonly string[]): Kind {
  return {
    expected,
    fits: (value) =>
      methods.every((method) => typeof (value as Record<string, unknown> | null)?.[method] === "function"),
  };
}

/** What `WebAssembly.compile` gives. */
export const wasmModule: Kind = {
  expected: "a compiled WebAssembly.Module",
  fits: (value) => value instanceof WebAssembly.Module,
};

/** A list whose members are of a kind. */
export function listOf(
  kind: Kind,
  expected: string,
  { from = 0, to = Infinity }: { from?: number; to?: number } = {},
): Kind {
  const isLong = ({ length }: readonly unknown[]) => length >= from && length <= to;
  return { expected, fits: (value) => isListOf(value, kind.fits) && isLong(value) };
}

/** A text. */
export const text: Kind = { expected: "a text", fits: (value) => typeof value === "string" };

/** A list of texts. */
export const texts: Kind = listOf(text, "a list of texts");

/** A whole number of a range. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): Kind {
  return {
    expected: `a whole number from ${least} ${most === Number.MAX_SAFE_INTEGER ? "on" : `to ${most}`}`,
    fits: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

/** A number of a range. */
export function numberFrom(least: number, most: number): Kind {
  return {
    expected: `a number from ${least} ${most === Infinity ? "on" : `to ${most}`}`,
    fits: (value) => typeof value === "number" && value >= least && value <= most,
  };
}

/** One of some texts. */
export function oneOf(names: readonly string[]): Kind {
  return { expected: `one of ${names.join(", ")}`, fits: (value) => names.includes(value as string), names };
}

/** The same kind, without a default. */
export function required(kind: Kind): Kind {
  return { ...kind, required: true };
}

/** The kinds of `Cancellable`. */
export const cancellable: Kinds<{ signal?: AbortSignal }> = {
  signal: {
    expected: "an AbortSignal",
    // Not `instanceof`: signals of other windows and of polyfills do as well.
    fits: (value) => typeof (value as AbortSignal | null)?.throwIfAborted === "function",
  },
};

/** What transformers.js and its kin call our options. */
const foreign: Readonly<Record<string, string>> = {
  device: "backend",
  dtype: "weights",
  progress_callback: "onProgress",
  guidance_scale: "guidance",
  num_return_sequences: "n",
};

/**
 * Throws `ArgumentError`, which names the option, for one that is not among `kinds` or not of its kind; `action` completes
 * "Cannot …". An option that is undefined has its default.
 */
export function checkOptions<Options extends object>(
  options: Options,
  kinds: Kinds<Options>,
  action: string,
): void {
  if (!record.fits(options) || "then" in options) {
    throw unfit(`Cannot ${action}: options`, "an object", options);
  }
  const known = Object.keys(kinds);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(kinds, name));
  if (unknown !== undefined) throw unknownOption(unknown, known, action);
  checkFields(options, kinds, action);
}

/** Throws `ArgumentError` for a field that is not of its kind, of an object that may have others, too. */
export function checkFields<Options extends object>(
  options: Options,
  kinds: Kinds<Options>,
  action: string,
): void {
  if (!record.fits(options)) throw unfit(`Cannot ${action}: options`, "an object", options);
  for (const [name, { expected, fits, names, required }] of Object.entries<Kind>(kinds)) {
    const value: unknown = options[name as keyof Options];
    if (value === undefined ? !required : fits(value)) continue;
    const near = names && typeof value === "string" ? nearest(value, names) : undefined;
    throw unfit(`Cannot ${action}: ${name}`, expected, value, near && `did you mean ${near}?`);
  }
}

/** Throws `ArgumentError` for what is not of the kind; `subject` begins the message. */
export function checkKind(value: unknown, { expected, fits }: Kind, subject: string): void {
  if (!fits(value)) throw unfit(subject, expected, value);
}

function unknownOption(name: string, known: readonly string[], action: string): ArgumentError {
  const ours = Object.hasOwn(foreign, name) ? foreign[name]! : "";
  const near = nearest(name, known);
  return new ArgumentError(`Cannot ${action}: option ${name.slice(0, 100)}`, {
    expected: known.length > 0 ? `one of ${known.join(", ")}` : "no options",
    hint: known.includes(ours) ? `here it is called ${ours}` : near && `did you mean ${near}?`,
  });
}
