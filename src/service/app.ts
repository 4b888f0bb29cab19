import { Hono } from "hono";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { ArgumentError } from "../tensor/errors.ts";
import { bearerTokens } from "./http/auth.ts";
import { asRequestError, errorResponse } from "./http/error_response.ts";
import { guard, limitRate } from "./http/guard.ts";
import { otherRequests } from "./http/methods.ts";
import { refuse } from "./http/refusal.ts";
import { WrongTokens } from "./http/wrong_tokens.ts";
import { type Limits, resolveLimits } from "./limits.ts";
import type { Metrics } from "./observe/metrics.ts";
import { observe } from "./observe/middleware.ts";
import { checkService, type ServiceOptions } from "./options.ts";
import type { App, Env, LoadedModel, Parts } from "./parts.ts";
import { generationRoutes } from "./routes/generations.ts";
import { healthRoutes } from "./routes/health.ts";
import { modelRoutes } from "./routes/models.ts";
import { openapiRoute } from "./routes/openapi.ts";
import { tokenizerRoutes } from "./routes/tokenizer.ts";
import { Admission } from "./work/admission.ts";
import { BodyBudget } from "./work/body_budget.ts";
import { directGeneration, directTokenizer } from "./work/direct.ts";
import { GenerationScheduler } from "./work/generation_scheduler.ts";
import type { Images } from "./work/images.ts";
import { TokenizerBatcher } from "./work/tokenizer_batcher.ts";

/** The differences between hosts. */
export interface Host {
  readonly metrics: Metrics;
  /** Whether requests may share batches. */
  readonly batches: boolean;
  images(limits: Limits): Images;
  /** Adds the playground and the documentation page. */
  pages?(app: App): void;
}

/** Assembles a service. Throws `ArgumentError` for invalid options. */
export function assemble(options: ServiceOptions, host: Host): { app: App; parts: Parts } {
  checkService(options, { edge: !host.pages });
  const { metrics } = host;
  const limits = resolveLimits(options.limits);
  const admission = new Admission(limits.maxRequests);
  const { auth, origins = [], trustProxy = false, rateLimit } = options, tokens = auth?.tokens ?? [];
  const bodies = new BodyBudget(limits.maxBufferedBytes);
  const parts: Parts = {
    models: modelsOf(options, { admission, metrics, batches: host.batches }),
    limits,
    admission,
    bodies,
    images: host.images(limits),
    metrics,
    created: Math.floor(Date.now() / 1000),
  };
  metrics.watch({
    running: () => admission.started,
    waiting: () => admission.admitted - admission.receiving - admission.started,
    receiving: () => admission.receiving,
    bodyBytes: () => bodies.bytes,
  });

  const app = new Hono<Env>();
  app.use(requestId({ limitLength: 64 }));
  app.use(observe(metrics, { trustProxy }));
  app.use(secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    // Only the proxy knows whether all of its host is served over TLS.
    strictTransportSecurity: false,
    // Pages set their own policy.
    overwrite: false,
  }));
  app.use(refuse);
  if (origins.length > 0) app.use("/v1/*", cors({ origin: [...origins], exposeHeaders }));
  const wrongTokens = new WrongTokens(rateLimit);
  for (const [path, valid] of [["/v1/*", tokens], ["/metrics", auth?.metricsTokens ?? tokens]] as const) {
    app.use(path, guard({ authenticate: bearerTokens(valid), wrongTokens, origins }));
    if (rateLimit !== undefined) app.use(path, limitRate(rateLimit));
  }
  healthRoutes(app, parts);
  modelRoutes(app, parts);
  tokenizerRoutes(app, parts);
  generationRoutes(app, parts);
  openapiRoute(app);
  if (options.pages ?? true) host.pages?.(app);
  app.notFound(otherRequests(app));
  app.onError((error, c) => {
    const failure = asRequestError(error);
    c.set("failure", failure);
    return errorResponse(c, failure);
  });
  return { app, parts };
}

/** Headers that pages of other origins may read. */
const exposeHeaders = [
  ...["model", "grid", "codebook-size", "size", "psnr", "ignored"].map((name) => `voken-${name}`),
  ...["x-request-id", "retry-after", "etag"],
];

function modelsOf(
  { models }: ServiceOptions,
  { admission, metrics, batches }: { admission: Admission; metrics: Metrics; batches: boolean },
): ReadonlyMap<string, LoadedModel> {
  const loaded = new Map<string, LoadedModel>();
  const expected = () => admission.admitted;
  for (const { name, tokenizer, generator, files = {} } of models) {
    if (loaded.has(name)) {
      throw new ArgumentError("Cannot create the service: models", {
        expected: "a different name for each",
        got: `${name} twice`,
      });
    }
    const modelMetrics = metrics.model({ name, backend: tokenizer.backend }),
      work = { metrics: modelMetrics, expected };
    const batcher = batches ? new TokenizerBatcher(tokenizer, work) : directTokenizer(tokenizer);
    const generation = generator &&
      {
        generator,
        scheduler: batches ? new GenerationScheduler(generator, work) : directGeneration(generator),
      };
    loaded.set(name, { name, tokenizer, batcher, generation, metrics: modelMetrics, files });
  }
  return loaded;
}
