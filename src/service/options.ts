import {
  checkOptions,
  flag,
  type Kinds,
  record,
  required,
  text,
  texts,
  wholeNumber,
  withMethods,
} from "../tensor/options.ts";
import type { Limits } from "./limits.ts";
import type { ServableGenerator } from "./work/generation_scheduler.ts";
import type { ServableTokenizer } from "./work/tokenizer_batcher.ts";

/** Functions that read a model's files, by file name: `model.safetensors`, `transformer.safetensors`. */
export type ModelFiles = Readonly<Record<string, () => Promise<Uint8Array>>>;

/** A model to serve. */
export interface ServedModel {
  /** The name of the model in requests. */
  readonly name: string;
  /** Owned by the caller: the service does not dispose it. */
  readonly tokenizer: ServableTokenizer;
  /** Generates images of classes. Owned by the caller, who must dispose it after the service. */
  readonly generator?: ServableGenerator;
  /** Files that browsers may download to run the model locally. Without them the playground does not offer this. */
  readonly files?: ModelFiles;
}

/** Authentication. */
export interface AuthOptions {
  /** Bearer tokens, one of which `/v1/…` and `/metrics` require. If empty, no token is required. */
  readonly tokens: readonly string[];
}

/** Options of `createService`. */
export interface ServiceOptions {
  /** At least one. The first is the default of requests that name none. */
  readonly models: readonly ServedModel[];
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<Limits>;
  /** Who may use the service; default: everybody. */
  readonly auth?: AuthOptions;
  /** Requests a minute for each token, or for each address if there are no tokens; default: unlimited. */
  readonly rateLimit?: number;
  /** Other origins whose pages may send requests (CORS); default: none. */
  readonly origins?: readonly string[];
  /** Takes client addresses from `X-Forwarded-For`. Set it only behind a proxy that always sets this header. */
  readonly trustProxy?: boolean;
  /** Threads that decode and encode image files; default 1. */
  readonly codecThreads?: number;
  /** Serves the playground at `/` and the documentation at `/docs`; default true. */
  readonly pages?: boolean;
}

const kinds: Kinds<ServiceOptions> = {
  models: required({
    expected: "a list of at least one model",
    fits: (value) => Array.isArray(value) && value.length > 0,
  }),
  limits: record,
  auth: record,
  rateLimit: wholeNumber(1),
  origins: texts,
  trustProxy: flag,
  codecThreads: wholeNumber(1),
  pages: flag,
};

/** The kinds of options that a host without threads and pages has. */
const { codecThreads: _threads, pages: _pages, ...edgeKinds } = kinds;

const modelKinds: Kinds<ServedModel> = {
  name: required(text),
  tokenizer: required(withMethods("a Tokenizer", ["encode", "decode"])),
  generator: withMethods("a Generator", ["plan", "openBatch"]),
  files: record,
};

/** Throws `ArgumentError` for the options of a service that are unknown or of another kind; limits are checked by themselves. */
export function checkService(options: ServiceOptions, { edge }: { edge: boolean }): void {
  checkOptions(options, edge ? edgeKinds as typeof kinds : kinds, "create the service");
  if (options.auth) checkOptions(options.auth, { tokens: required(texts) }, "create the service: auth");
  for (const model of options.models) checkOptions(model, modelKinds, "create the service: models");
}
