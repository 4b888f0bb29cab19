import { Hono } from "hono";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { ArgumentError } from "../tensor/errors.ts";
import { bearerTokens } from "./http/auth.ts";
import { asRequestError, errorResponse } from "./http/error_response.ts";
import { guard, limitRate } from "./http/guard.ts";
import { type Limits, resolveLimits } from "./limits.ts";
import type { Metrics } from "./observe/metrics.ts";
import { logger, observe } from "./observe/middleware.ts";
import { checkService, type ServiceOptions } from "./options.ts";
import type { App, Env, LoadedModel, Parts } from "./parts.ts";
import { RequestError } from "./request_error.ts";
import { generationRoute } from "./routes/generations.ts";
import { healthRoutes } from "./routes/health.ts";
import { modelRoutes } from "./routes/models.ts";
import { openapiRoute } from "./routes/openapi.ts";
import { tokenizerRoutes } from "./routes/tokenizer.ts";
import { Admission } from "./work/admission.ts";
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
  const { origins = [], trustProxy = false, rateLimit } = options;
  const parts: Parts = {
    models: modelsOf(options, { admission, metrics, batches: host.batches }),
    limits,
    admission,
    images: host.images(limits),
    metrics,
    authenticate: bearerTokens(options.auth?.tokens ?? []),
    created: Math.floor(Date.now() / 1000),
  };
  metrics.watch({
    running: () => admission.started,
    waiting: () => admission.admitted - admission.started,
  });

  const app = new Hono<Env>();
  app.use(requestId({ limitLength: 64 }));
  app.use(observe(metrics));
  app.use(secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    // Pages set their own policy.
    overwrite: false,
  }));
  if (origins.length > 0) app.use("/v1/*", cors({ origin: [...origins] }));
  for (const path of ["/v1/*", "/metrics"]) {
    app.use(path, guard({ authenticate: parts.authenticate, origins, trustProxy }));
    if (rateLimit !== undefined) app.use(path, limitRate(rateLimit));
  }
  healthRoutes(app, parts);
  modelRoutes(app, parts);
  tokenizerRoutes(app, parts);
  generationRoute(app, parts);
  openapiRoute(app);
  if (options.pages ?? true) host.pages?.(app);
  app.notFound((c) =>
    errorResponse(
      c,
      new RequestError(404, "not_found", {
        message: "Expected the address of an endpoint, see /openapi.json",
      }),
    )
  );
  app.onError((error, c) => {
    const requestError = asRequestError(error);
    if (requestError.status >= 500) {
      logger.error("{code}: {error}", { code: requestError.code, error, requestId: c.get("requestId") });
    }
    return errorResponse(c, requestError);
  });
  return { app, parts };
}

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
    const batcher = batches
      ? new TokenizerBatcher(tokenizer, { metrics, expected })
      : directTokenizer(tokenizer);
    const generation = generator &&
      {
        generator,
        scheduler: batches
          ? new GenerationScheduler(generator, { metrics, expected })
          : directGeneration(generator),
      };
    loaded.set(name, { name, tokenizer, batcher, generation, files });
  }
  return loaded;
}
