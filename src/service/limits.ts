import { ArgumentError } from "../tensor/errors.ts";

/** What a service lets through. Every refusal names the limit by its name here. */
export interface Limits {
  /** Bytes of a body. */
  readonly maxBodyBytes: number;
  /** Bytes of a body of JSON. */
  readonly maxJsonBytes: number;
  /** Objects and lists within each other in JSON. */
  readonly maxJsonDepth: number;
  /** Fields of a multipart body. */
  readonly maxFields: number;
  /** Pixels of an image, coming or going. */
  readonly maxPixels: number;
  /** Images that one request may ask for. */
  readonly maxImages: number;
  /** Requests that are worked on or wait; more are answered by 429. */
  readonly maxRequests: number;
  /** Milliseconds from the arrival of a request to its answer; after that, 504. */
  readonly deadline: number;
  /** Milliseconds for decoding or encoding one file. */
  readonly codecTime: number;
  /** Megabytes of JavaScript memory of the worker that decodes files. */
  readonly codecMemory: number;
}

/** The limits of a service that is told nothing else. */
export const defaultLimits: Limits = {
  maxBodyBytes: 16 * 2 ** 20,
  maxJsonBytes: 4 * 2 ** 20,
  maxJsonDepth: 100,
  maxFields: 16,
  maxPixels: 2 ** 20,
  maxImages: 10,
  maxRequests: 128,
  deadline: 60_000,
  codecTime: 10_000,
  codecMemory: 256,
};

/** The default limits with some replaced. Throws `ArgumentError` where one is not a positive whole number, or unknown. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new ArgumentError("Cannot make the service: limits", {
        expected: `some of ${Object.keys(defaultLimits).join(", ")}`,
        got: name,
      });
    }
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw new ArgumentError(`Cannot make the service: limit ${name}`, {
        expected: "a positive whole number",
        got: String(value),
      });
    }
  }
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultLimits, ...Object.fromEntries(known) };
}
