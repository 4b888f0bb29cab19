import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests that a connection may have sent before the one before them is answered. */
const mostPipelined = 16;
/** Milliseconds for which the rest of a body is awaited that nobody needs. */
const lingering = 500;
/** Bytes of an answer that a client must take in a second, if it takes long. */
const slowestRate = 2 ** 15;

/** Limits of connections. */
export interface ConnectionLimits {
  /** Open connections in all, and those of one address. */
  readonly most: number;
  readonly mostByAddress: number;
  /** Milliseconds after which a client that reads nothing of its answer is cut off. */
  readonly stallTime: number;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  /** When it last began or ended a request. */
  active: number;
  /** Requests that are not answered yet. */
  requests: number;
  /** Resolves when the last of them is answered. */
  last: Promise<void>;
  /** Bytes that are to be sent, and since when nothing of them was. */
  left: number;
  since: number;
}

/**
 * The connections of a server. If there are too many, the one that has been idle for longest makes room. Requests of one connection
 * are answered one after the other, and an answer that nobody reads ends its connection.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #open: Map<Socket, Connection> = new Map();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(server: Server, listener: Listener, limits: ConnectionLimits) {
    this.#limits = limits;
    server.on("connection", (socket) => this.#opened(socket));
    server.on("request", (request, response) => this.#request(request, response, listener));
    this.#timer = setInterval(() => this.#cutStalled(), Math.max(10, limits.stallTime / 4));
    (this.#timer as { unref?: () => void }).unref?.();
    server.once("close", () => clearInterval(this.#timer));
  }

  /** Whether answers are still being sent. */
  get busy(): boolean {
    return this.#open.values().some(({ requests }) => requests > 0);
  }

  #opened(socket: Socket): void {
    const { most, mostByAddress } = this.#limits, address = socket.remoteAddress ?? "unknown";
    const all = [...this.#open.values()], same = all.filter((one) => one.address === address);
    const crowd = same.length >= mostByAddress ? same : all.length >= most ? all : undefined;
    if (crowd) {
      const idle = crowd.filter(({ requests }) => requests === 0);
      if (idle.length === 0) return void socket.destroy();
      const longest = idle.reduce((first, one) => one.active < first.active ? one : first);
      this.#open.delete(longest.socket);
      longest.socket.destroy();
    }
    const now = performance.now(), last = Promise.resolve();
    this.#open.set(socket, { socket, address, active: now, requests: 0, last, left: 0, since: now });
    socket.once("close", () => this.#open.delete(socket));
  }

  async #request(request: IncomingMessage, response: ServerResponse, listener: Listener): Promise<void> {
    const connection = this.#open.get(request.socket);
    if (!connection || connection.requests >= mostPipelined) return void request.socket.destroy();
    const before = connection.last;
    connection.requests++;
    connection.active = performance.now();
    connection.last = new Promise((resolve) => {
      response.once("close", () => {
        connection.requests--;
        connection.active = performance.now();
        resolve();
      });
    });
    response.once("finish", () => {
      // Who was refused for what it sends may not go on sending.
      const time = response.getHeader("connection") === "close" ? 0 : lingering;
      setTimeout(() => request.complete || request.socket.destroy(), time);
    });
    await before;
    if (!request.socket.destroyed) listener(request, response);
  }

  #cutStalled(): void {
    const now = performance.now();
    for (const connection of this.#open.values()) {
      const { socket, requests } = connection, { writableLength } = socket;
      if (requests === 0 || writableLength === 0 || writableLength !== connection.left) {
        connection.left = writableLength;
        connection.since = now;
        continue;
      }
      // What was given to the socket at once leaves it at once.
      const time = Math.max(this.#limits.stallTime, 1000 * writableLength / slowestRate);
      if (now - connection.since >= time) socket.destroy();
    }
  }
}
