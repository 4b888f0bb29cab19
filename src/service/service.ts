import type { Hono } from "hono";
import { assemble } from "./app.ts";
import { prometheusMetrics } from "./observe/prometheus.ts";
import type { ServiceOptions } from "./options.ts";
import type { Env } from "./parts.ts";
import { playgroundRoutes } from "./routes/playground.ts";
import { ImagePool } from "./work/image_pool.ts";

/** A service: a Hono app, to be mounted or served, with an orderly end. */
export interface Service extends Hono<Env>, AsyncDisposable {
  /** Answers new work with 503 from now on; resolves when the work under way is done. */
  drain(): Promise<void>;
}

/**
 * Makes the service of some models: tokens of images and images of tokens over HTTP, as `/openapi.json` tells.
 * Disposing it ends its threads; the models stay the caller's.
 *
 * Throws `ArgumentError` for options that make no service.
 */
export function createService(options: ServiceOptions): Service {
  const metrics = prometheusMetrics();
  const { app, parts } = assemble(options, {
    metrics,
    batches: true,
    pages: playgroundRoutes,
    images: ({ codecMemory, codecTime }) =>
      new ImagePool({ size: options.codecThreads ?? 1, memory: codecMemory, time: codecTime, metrics }),
  });
  return Object.assign(app, {
    drain: () => parts.admission.drain(),
    async [Symbol.asyncDispose]() {
      for (const { generation } of parts.models.values()) await generation?.scheduler[Symbol.asyncDispose]();
      await parts.images[Symbol.asyncDispose]();
    },
  });
}
