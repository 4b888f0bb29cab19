import type { Limits } from "./limits.ts";
import type { Authenticate } from "./http/auth.ts";
import type { ModelFiles } from "./options.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { RequestSpans } from "./observe/spans.ts";
import type { Admission } from "./work/admission.ts";
import type { GenerationWork, TokenizerWork } from "./work/direct.ts";
import type { ServableGenerator } from "./work/generation_scheduler.ts";
import type { Images } from "./work/images.ts";
import type { ServableTokenizer } from "./work/tokenizer_batcher.ts";

/** A model that is served. */
export interface LoadedModel {
  readonly name: string;
  readonly tokenizer: ServableTokenizer;
  readonly batcher: TokenizerWork;
  /** What generates images of classes, where the model can. */
  readonly generation:
    | { readonly generator: ServableGenerator; readonly scheduler: GenerationWork }
    | undefined;
  /** Files that browsers may have. */
  readonly files: ModelFiles;
}

/** What routes work with. */
export interface Parts {
  /** By name; the first is taken where a request names none. */
  readonly models: ReadonlyMap<string, LoadedModel>;
  readonly limits: Limits;
  readonly admission: Admission;
  readonly images: Images;
  readonly metrics: Metrics;
  readonly authenticate: Authenticate;
  /** Unix time in seconds at which the service was made. */
  readonly created: number;
}

/** What middleware leaves for routes. */
export interface Env {
  // deno-lint-ignore ban-types -- Hono's own default; hosts put anything there.
  Bindings: {};
  Variables: {
    requestId: string;
    spans: RequestSpans;
    /** Whose request it is: a key, else an address. */
    client: string;
    /** Of an answer that is a stream: resolves when there is no more to come. */
    streamed: Promise<void> | undefined;
  };
}
