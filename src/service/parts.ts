import type { Hono } from "hono";
import type { Limits } from "./limits.ts";
import type { ModelFiles } from "./options.ts";
import type { Metrics, ModelMetrics } from "./observe/metrics.ts";
import type { RequestSpans } from "./observe/spans.ts";
import type { RequestError } from "./request_error.ts";
import type { Admission } from "./work/admission.ts";
import type { BodyBudget } from "./work/body_budget.ts";
import type { GenerationWork, TokenizerWork } from "./work/direct.ts";
import type { ServableGenerator } from "./work/generation_scheduler.ts";
import type { Images } from "./work/images.ts";
import type { ServableTokenizer } from "./work/tokenizer_batcher.ts";

/** A model that is served. */
export interface LoadedModel {
  readonly name: string;
  readonly tokenizer: ServableTokenizer;
  readonly batcher: TokenizerWork;
  /** Generates images of classes, if the model has a transformer. */
  readonly generation:
    | { readonly generator: ServableGenerator; readonly scheduler: GenerationWork }
    | undefined;
  readonly metrics: ModelMetrics;
  /** Files that browsers may download. */
  readonly files: ModelFiles;
}

/** The parts of a service that routes use. */
export interface Parts {
  /** By name. The first is the default of requests that name none. */
  readonly models: ReadonlyMap<string, LoadedModel>;
  readonly limits: Limits;
  readonly admission: Admission;
  readonly bodies: BodyBudget;
  readonly images: Images;
  readonly metrics: Metrics;
  /** When the service was created, as Unix time in seconds. */
  readonly created: number;
}

/**
 * A Hono app (https://hono.dev) with the service's variables.
 *
 * @internal
 */
export type App = Hono<Env>;

/**
 * Variables that middleware sets for routes.
 *
 * @internal
 */
export interface Env {
  // deno-lint-ignore ban-types -- Hono's default; hosts may put anything there.
  Bindings: {};
  Variables: {
    requestId: string;
    spans: RequestSpans;
    /** Who sent the request: the number of a bearer token, or an address. */
    client: string;
    /** For streamed responses: resolves when the stream has ended, to what ended it early. */
    streamed: Promise<RequestError | undefined> | undefined;
    /** The error that was answered. */
    failure: RequestError | undefined;
    /** The name of the model of a request for model work. */
    model: string | undefined;
  };
}
