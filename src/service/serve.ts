import { createAdaptorServer } from "@hono/node-server";
import { createServer, type Server } from "node:http";
import { logger } from "./observe/middleware.ts";
import type { Service } from "./service.ts";

/** Where and how a service is served. */
export interface ServeOptions {
  /** Default 8080; 0 takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: this machine alone. */
  readonly hostname?: string;
  /** Milliseconds for the headers of a request; after that, 408. Default 10,000. */
  readonly headersTimeout?: number;
  /** Milliseconds for a request as a whole, with its body; after that, 408. Default 30,000. */
  readonly requestTimeout?: number;
  /** Milliseconds that an idle connection is kept. Default 5,000. */
  readonly keepAliveTimeout?: number;
  /** Connections at once; more are not taken. Default 1,024. */
  readonly maxConnections?: number;
}

/** A service that listens. Disposing stops it in order. */
export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  /** Resolves when it has stopped. */
  readonly finished: Promise<void>;
  /** Takes no more work, finishes what it took, then stops listening. Resolves when it has stopped. */
  stop(): Promise<void>;
}

/** Milliseconds for which connections of clients without work may stay when the server stops. */
const lingering = 200;

/**
 * Serves by `node:http`, whose limits of time bound slow clients. Resolves when it listens; rejects with the error of
 * the system where it cannot.
 */
export async function serve(service: Service, options: ServeOptions = {}): Promise<RunningServer> {
  const { headersTimeout = 10_000, requestTimeout = 30_000, keepAliveTimeout = 5_000 } = options;
  const server = createAdaptorServer({
    fetch: service.fetch,
    createServer,
    serverOptions: {
      headersTimeout,
      requestTimeout,
      keepAliveTimeout,
      connectionsCheckingInterval: Math.min(1000, Math.ceil(headersTimeout / 4)),
    },
    overrideGlobalObjects: false,
  }) as Server;
  server.maxConnections = options.maxConnections ?? 1024;
  const finished = new Promise<void>((resolve) => server.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 8080, options.hostname ?? "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => logger.error("The server failed: {error}", { error }));
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    // Still listens: new work is told 503, and load balancers see that this one is not ready.
    await service.drain();
    server.close();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), lingering);
    await finished;
    clearTimeout(timer);
  };
  return {
    port: (server.address() as { port: number }).port,
    finished,
    stop: () => stopping ??= stop(),
    [Symbol.asyncDispose]: () => stopping ??= stop(),
  };
}
