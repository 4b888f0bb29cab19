import type { Limits } from "./limits.ts";
import type { ServableGenerator } from "./work/generation_scheduler.ts";
import type { ServableTokenizer } from "./work/tokenizer_batcher.ts";

/** Reads files of a model by their names: `model.safetensors`, `transformer.safetensors`. */
export type ModelFiles = Readonly<Record<string, () => Promise<Uint8Array>>>;

/** A model to serve. */
export interface ServedModel {
  /** What requests call it. */
  readonly name: string;
  /** Stays the caller's: it is not disposed with the service. */
  readonly tokenizer: ServableTokenizer;
  /** Generates images of classes, which need the tokenizer above. Stays the caller's, and is to be disposed after the service. */
  readonly generator?: ServableGenerator;
  /** Files that browsers may have, to run the model themselves; without them the playground has no switch for that. */
  readonly files?: ModelFiles;
}

/** Who may come. */
export interface AuthOptions {
  /** Bearer tokens, any of which opens `/v1/…` and `/metrics`. Without any, everybody may come. */
  readonly tokens: readonly string[];
}

/** How a service is made. */
export interface ServiceOptions {
  /** At least one; the first is taken where a request names none. */
  readonly models: readonly ServedModel[];
  readonly limits?: Partial<Limits>;
  readonly auth?: AuthOptions;
  /** Requests a minute of one key, or without keys of one address; default: any number. */
  readonly rateLimit?: number;
  /** Origins whose pages may call; default: none but the service's own. */
  readonly origins?: readonly string[];
  /** Takes addresses from `X-Forwarded-For`. Only where a proxy of yours always sets it. */
  readonly trustProxy?: boolean;
  /** Threads that decode and encode files; default 1. */
  readonly codecThreads?: number;
  /** Serves the playground at `/` and the page of the documentation at `/docs`; default true. */
  readonly pages?: boolean;
}
