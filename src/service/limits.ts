import { checkOptions, type Kinds, wholeNumber } from "../tensor/options.ts";

/** The limits of a service. An error response names the limit that was exceeded by its name here. */
export interface Limits {
  /** Bytes of a request body. */
  readonly maxBodyBytes: number;
  /** Bytes of the bodies of all requests together, with a copy of each; beyond, the largest unfinished ones are answered with 503. */
  readonly maxBufferedBytes: number;
  /** Bytes of a JSON body. */
  readonly maxJsonBytes: number;
  /** Nesting depth of JSON. */
  readonly maxJsonDepth: number;
  /** Fields of a multipart body. */
  readonly maxFields: number;
  /** Pixels of an image, in requests and responses, with those that it is padded with for the model. */
  readonly maxPixels: number;
  /** Images generated for one request. */
  readonly maxImages: number;
  /** Requests that are received, queued or running; more are answered with 429. */
  readonly maxRequests: number;
  /** Milliseconds from the arrival of a request to its response; after that, 504. */
  readonly deadline: number;
  /** Milliseconds for decoding or encoding one image file. */
  readonly codecTime: number;
  /** Megabytes of JavaScript heap of a worker that decodes and encodes image files. */
  readonly codecMemory: number;
}

/** The default limits. */
export const defaultLimits: Limits = {
  maxBodyBytes: 16 * 2 ** 20,
  maxBufferedBytes: 256 * 2 ** 20,
  maxJsonBytes: 4 * 2 ** 20,
  maxJsonDepth: 100,
  maxFields: 32,
  maxPixels: 2 ** 20,
  maxImages: 10,
  maxRequests: 128,
  deadline: 60_000,
  codecTime: 10_000,
  codecMemory: 256,
};

const kinds = Object.fromEntries(
  Object.keys(defaultLimits).map((name) => [name, wholeNumber(1)]),
) as unknown as Kinds<Limits>;

/** The default limits with some replaced. Throws `ArgumentError` if a limit is unknown or not a positive integer. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  checkOptions<Partial<Limits>>(given, kinds, "create the service: limits");
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultLimits, ...Object.fromEntries(known) };
}
