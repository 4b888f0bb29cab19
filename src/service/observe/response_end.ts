import type { IncomingMessage, ServerResponse } from "node:http";

/** What the hosts give to an app with a request: the adapter of `node:http`, or `Deno.serve`. */
interface HostBindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
  readonly completed?: Promise<void>;
}

/** Resolves when the response is over, with whether it was sent to its end. `undefined` where the host does not tell. */
export function responseEnd(bindings: unknown): Promise<boolean> | undefined {
  const { incoming, outgoing, completed } = (bindings ?? {}) as HostBindings;
  if (incoming && outgoing) {
    const { socket } = incoming;
    const isWhole = () => outgoing.writableFinished && !incoming.errored && !socket.errored;
    return new Promise((resolve) => outgoing.once("close", () => resolve(isWhole())));
  }
  return completed?.then(() => true, () => false);
}
