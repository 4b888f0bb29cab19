import { getRequestListener } from "@hono/node-server";
import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { permitted } from "../io/host.ts";
import { denied } from "../io/reason.ts";
import { unfit } from "../tensor/describe.ts";
import { checkOptions, type Kinds, text, texts, wholeNumber } from "../tensor/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { Connections } from "./http/connections.ts";
import { refuseHost } from "./http/host_header.ts";
import { logger } from "./observe/middleware.ts";
import type { RequestError } from "./request_error.ts";
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
  /** Open connections. Beyond, the one that was idle for longest is closed, or the new one if none is. Default 1,024. */
  readonly maxConnections?: number;
  /** The same for those of one address; default 256. Behind a proxy, all have its address. */
  readonly maxConnectionsPerAddress?: number;
  /** Milliseconds after which a client that reads nothing of its answer is cut off. Default 30,000. */
  readonly stallTimeout?: number;
  /**
   * Names by which clients reach the server, beside `localhost`, addresses and `hostname`; `*` for any. A request with another
   * `Host` is answered with 421.
   */
  readonly hosts?: readonly string[];
}

const kinds: Kinds<ServeOptions> = {
  port: wholeNumber(0, 65535),
  hostname: text,
  headersTimeout: wholeNumber(0),
  requestTimeout: wholeNumber(0),
  keepAliveTimeout: wholeNumber(0),
  maxConnections: wholeNumber(1),
  maxConnectionsPerAddress: wholeNumber(1),
  stallTimeout: wholeNumber(1),
  hosts: texts,
};

/** A listening service. Disposing it stops it gracefully. */
export interface RunningServer extends AsyncDisposable {
  /** The port on which it listens. */
  readonly port: number;
  /** Resolves when it has stopped. */
  readonly finished: Promise<void>;
  /**
   * Rejects new work, finishes admitted requests, lets answers be read, for as long as the deadline of requests, then stops
   * listening. Resolves when it has stopped.
   */
  stop(): Promise<void>;
}

/** Milliseconds between looks whether all answers were read, when the server stops. */
const closeDelay = 50;

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
    maxConnections = 1024,
    maxConnectionsPerAddress = 256,
    stallTimeout = 30_000,
    hosts = [],
  } = options;
  const address = `${hostname}:${port}`;
  // Deno would report it where nobody can catch it.
  if (!permitted({ name: "net", host: address })) {
    throw new ArgumentError(`Cannot serve on port ${port} of ${hostname}`, {
      got: denied(`--allow-net=${address}`),
    });
  }
  const names = [...hosts, hostname];
  const listener = getRequestListener(
    (request, bindings) =>
      service.fetch(request, {
        ...bindings,
        refusal: refusalOf(bindings.incoming as IncomingMessage, names),
      }),
    { overrideGlobalObjects: false },
  );
  const server = createServer({
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval: Math.min(1000, Math.ceil(headersTimeout / 4)),
  });
  const connections = new Connections(server, (request, response) => {
    // HTTP/1.0 does not ask for one, and the checks of load balancers have none.
    if (request.headers.host === undefined) request.headers.host = "localhost";
    return listener(request, response);
  }, { most: maxConnections, mostByAddress: maxConnectionsPerAddress, stallTime: stallTimeout });
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
    const end = performance.now() + service.limits.deadline;
    while (connections.busy && performance.now() < end) await delay(closeDelay);
    server.closeAllConnections();
    await finished;
  };
  return {
    port: (server.address() as { port: number }).port,
    finished,
    stop: () => stopping ??= stop(),
    [Symbol.asyncDispose]: () => stopping ??= stop(),
  };
}

/** Why a request is refused by its headers, if it is. */
function refusalOf(
  { rawHeaders, httpVersion }: IncomingMessage,
  hosts: readonly string[],
): RequestError | undefined {
  const given = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === "host");
  return refuseHost(given, { hosts, hasNone: given.length === 0 && httpVersion === "1.0" });
}
