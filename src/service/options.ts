import {
  checkOptions,
  flag,
  type Kind,
  type Kinds,
  listOf,
  record,
  required,
  text,
  wholeNumber,
  withMethods,
} from "../tensor/options.ts";
import { isListOf } from "../tensor/every.ts";
import type { BearerTokens } from "./http/auth.ts";
import type { Limits } from "./limits.ts";
import type { ServableGenerator } from "./work/generation_scheduler.ts";
import type { ServableTokenizer } from "./work/tokenizer_batcher.ts";

/** The content of a file, such as a `Blob`: its bytes, and how to read them. */
export interface FileContent {
  /** Its bytes. */
  readonly size: number;
  /** Reads it from the beginning. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Functions that open a model's files, by file name: `model.safetensors`, `transformer.safetensors`. */
export type ModelFiles = Readonly<Record<string, () => Promise<FileContent>>>;

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
  /**
   * Bearer tokens of at least 16 characters, one of which `/v1/…` requires, and `/metrics` unless it has its own. A function
   * gives those that are valid now, and the same list as long as they are. If empty, no token is required.
   */
  readonly tokens: BearerTokens;
  /** Those of `/metrics`; default: `tokens`. */
  readonly metricsTokens?: BearerTokens;
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
  /** Other origins, such as `https://example.org`, whose pages may send requests (CORS); default: none. */
  readonly origins?: readonly string[];
  /** Takes client addresses from `X-Forwarded-For`. Set it only behind a proxy that always sets this header. */
  readonly trustProxy?: boolean;
  /** Threads that decode and encode image files, one of which is for small files; default: the processors, at least 2. */
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
  origins: listOf({ expected: "", fits: isOrigin }, "a list of origins such as https://example.org, or *"),
  trustProxy: flag,
  codecThreads: wholeNumber(1),
  pages: flag,
};

/** The kinds of options that a host without threads and pages has. */
const { codecThreads: _threads, pages: _pages, ...edgeKinds } = kinds;

/** Characters of a token, below which it could be guessed. */
const leastToken = 16;
const tokensKind: Kind = {
  expected:
    `a list of tokens of at least ${leastToken} characters without spaces, or a function that gives one`,
  fits: (value) => {
    const tokens = typeof value === "function" ? value() : value;
    return isListOf(
      tokens,
      (token) => typeof token === "string" && token.length >= leastToken && !/\s/.test(token),
    );
  },
};
const authKinds: Kinds<AuthOptions> = { tokens: required(tokensKind), metricsTokens: tokensKind };

function isOrigin(value: unknown): boolean {
  if (value === "*") return true;
  return typeof value === "string" && URL.canParse(value) && new URL(value).origin === value;
}

const modelKinds: Kinds<ServedModel> = {
  name: required(text),
  tokenizer: required(withMethods("a Tokenizer", ["encode", "decode"])),
  generator: withMethods("a Generator", ["plan", "openBatch"]),
  files: record,
};

/** Throws `ArgumentError` for the options of a service that are unknown or of another kind; limits are checked by themselves. */
export function checkService(options: ServiceOptions, { edge }: { edge: boolean }): void {
  checkOptions(options, edge ? edgeKinds as typeof kinds : kinds, "create the service");
  if (options.auth) checkOptions(options.auth, authKinds, "create the service: auth");
  for (const model of options.models) checkOptions(model, modelKinds, "create the service: models");
}
