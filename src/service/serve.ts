import { createAdaptorServer } from "@hono/node-server";
import { createServer, type Server } from "node:http";
import { permitted } from "../io/host.ts";
import { denied } from "../io/reason.ts";
import { unfit } from "../tensor/describe.ts";
import { checkOptions, type Kinds, text, wholeNumber } from "../tensor/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { logger } from "./observe/middleware.ts";
import type { Service } from "./service.ts";

/** Options of `serve`. */
export interface ServeOptions {
  /** Default 8080; 0 picks a free port. */
  readonly port?: number;
  /** Default 127.0.0.1: only this machine can connect. */
  readonly hostname?: string;
  /** Milliseconds for receiving the headers of a request; after that, 408. Default 10,000. */
  readonly headersTimeout?: number;
  /** Milliseconds for receiving a whole request; after that, 408. Default 30,000. */
  readonly requestTimeout?: number;
  /** Milliseconds after which an idle connection is closed. Default 5,000. */
  readonly keepAliveTimeout?: number;
  /** Open connections; more are not accepted. Default 1,024. */
  readonly maxConnections?: number;
}

const kinds: Kinds<ServeOptions> = {
  port: wholeNumber(0, 65535),
  hostname: text,
  headersTimeout: wholeNumber(0),
  requestTimeout: wholeNumber(0),
  keepAliveTimeout: wholeNumber(0),
  maxConnections: wholeNumber(1),
};

/** A listening service. Disposing it stops it gracefully. */
export interface RunningServer extends AsyncDisposable {
  /** The port on which it listens. */
  readonly port: number;
  /** Resolves when it has stopped. */
  readonly finished: Promise<void>;
  /** Rejects new work, finishes admitted requests, then stops listening. Resolves when it has stopped. */
  stop(): Promise<void>;
}

/** Milliseconds for which idle connections stay open when the server stops. */
const closeDelay = 200;

/**
 * Serves with `node:http`, whose timeouts limit slow clients. Resolves when the server listens; rejects with
 * `ArgumentError` for a wrong option, or if it cannot, for example since the port is in use.
 */
export async function serve(service: Service, options: ServeOptions = {}): Promise<RunningServer> {
  checkOptions(options, kinds, "serve");
  if (typeof service?.fetch !== "function" || typeof service.drain !== "function") {
    throw unfit("Cannot serve", "a service as createService gives it", service);
  }
  const {
    hostname = "127.0.0.1",
    port = 8080,
    headersTimeout = 10_000,
    requestTimeout = 30_000,
    keepAliveTimeout = 5_000,
  } = options;
  const address = `${hostname}:${port}`;
  // Deno would report it where nobody can catch it.
  if (!permitted({ name: "net", host: address })) {
    throw new ArgumentError(`Cannot serve on port ${port} of ${hostname}`, {
      got: denied(`--allow-net=${address}`),
    });
  }
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
    const refuse = (cause: Error & { code?: string }) =>
      reject(
        new ArgumentError(`Cannot serve on port ${port} of ${hostname}`, {
          expected: "an address of this machine and a port that is free",
          got: cause.code === "EADDRINUSE" ? "a port in use" : cause.message,
          cause,
        }),
      );
    server.once("error", refuse);
    server.listen(port, hostname, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  server.on("error", (error) => logger.error("The server failed: {error}", { error }));
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    // The server still listens: new work gets 503, and load balancers see that it is not ready.
    await service.drain();
    server.close();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), closeDelay);
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
