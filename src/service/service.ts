import { assemble } from "./app.ts";
import { prometheusMetrics } from "./observe/prometheus.ts";
import type { Limits } from "./limits.ts";
import type { ServiceOptions } from "./options.ts";
import type { App } from "./parts.ts";
import { playgroundRoutes } from "./routes/playground.ts";
import { ImagePool } from "./work/image_pool.ts";

/** A service: a Hono app that can be mounted or served. */
export interface Service extends App, AsyncDisposable {
  /** Its limits, with the defaults. */
  readonly limits: Limits;
  /** Answers new work with 503 from now on. Resolves when all admitted requests are done. */
  drain(): Promise<void>;
}

/**
 * Creates a service that encodes, decodes and generates images over HTTP, as described by `/openapi.json`.
 * Disposing it ends its threads; the caller keeps ownership of the models.
 *
 * Throws `ArgumentError` for invalid options.
 */
export function createService(options: ServiceOptions): Service {
  const metrics = prometheusMetrics();
  const { app, parts } = assemble(options, {
    metrics,
    batches: true,
    pages: playgroundRoutes,
    images: ({ codecMemory, codecTime }) =>
      new ImagePool({
        size: options.codecThreads ?? Math.max(2, navigator.hardwareConcurrency),
        memory: codecMemory,
        time: codecTime,
        metrics,
      }),
  });
  return Object.assign(app, {
    limits: parts.limits,
    drain: () => parts.admission.drain(),
    async [Symbol.asyncDispose]() {
      metrics[Symbol.dispose]();
      for (const { generation } of parts.models.values()) await generation?.scheduler[Symbol.asyncDispose]();
      await parts.images[Symbol.asyncDispose]();
    },
  });
}
